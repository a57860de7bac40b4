import assert from 'node:assert/strict';
import { formatDuration } from '../../src/cli/progress.js';
import { formatCount, formatPercent, formatScores } from '../../src/cli/scores.js';
import { createPace, createTrainObserver } from '../../src/cli/train-observer.js';

/** What `body` writes to stderr, by line. */
function linesOf(body: () => void): string[] {
  let written = '';
  const original = process.stderr.write.bind(process.stderr);
  process.stderr.write = (chunk: string | Uint8Array): boolean => {
    written += chunk.toString();
    return true;
  };
  try {
    body();
  } finally {
    process.stderr.write = original;
  }
  return written.split('\n').slice(0, -1);
}

const EPOCH = {
  step: 4,
  trainLoss: 1.23456,
  learningRate: 1e-3,
  valMiou: 0.25,
  valPixelAccuracy: 0.5,
  valIou: [],
  bestMiou: 0.5,
  imagesPerSecond: 12.34,
  seconds: 75,
  waitSeconds: 0.25,
};

describe('createTrainObserver', () => {
  const start = {
    ...{ folder: 'save/tiny', classes: [], ignoreIndex: 11, metrics: [] },
    ...{ epochs: 2, epoch: 0, step: 0, stepsPerEpoch: 4, resumed: false, bestMiou: null },
  };

  it('says how much there is to do, and what came of each epoch', () => {
    const lines = linesOf(() => {
      const observer = createTrainObserver({ printStep: false });
      observer.onStart(start);
      observer.onStep({ epoch: 1, batch: 1, stepsPerEpoch: 4, loss: 2, images: 10 });
      observer.onValidation({ epoch: 1, images: 3, totalImages: 3 });
      observer.onEpoch({ ...EPOCH, epoch: 1 });
      observer.onEpoch({ ...EPOCH, epoch: 2, imagesPerSecond: null, valMiou: null });
      observer.stop();
    });
    assert.deepEqual(lines, [
      '2 epochs of 4 steps; the first step takes longest, Ctrl-C saves and stops',
      'epoch 1/2: loss 1.2346, val mIoU 25.00 % (best 50.00 %), 12.3 images/s, 1:15, waited 0.3 s for pictures',
      'epoch 2/2: loss 1.2346, 1:15, waited 0.3 s for pictures',
    ]);
  });

  it('prints each step where it is asked to', () => {
    const lines = linesOf(() => {
      const observer = createTrainObserver({ printStep: true });
      observer.onStart(start);
      observer.onStep({ epoch: 1, batch: 3, stepsPerEpoch: 4, loss: 1 / 3, images: 10 });
    });
    assert.deepEqual(lines.slice(1), ['epoch 1/2, step 3/4: loss 0.33333']);
  });

  it('says what is resumed, and when nothing is left', () => {
    const lines = linesOf(() => {
      const observer = createTrainObserver({ printStep: false });
      observer.onStart({ ...start, epoch: 1, step: 5, resumed: true });
      observer.onStart({ ...start, epoch: 2, step: 8, resumed: true });
    });
    assert.deepEqual(lines, [
      'resumed after 1 epoch, 5 steps in all',
      '1 epoch of 4 steps; the first step takes longest, Ctrl-C saves and stops',
      'resumed after 2 epochs, 8 steps in all',
      'all 2 epochs done already; more --epochs go on',
    ]);
  });
});

describe('createPace', () => {
  it('takes speed and time left from the steps but the first, and from the validations', () => {
    const pace = createPace(3);
    // Epochs of three steps of ten images; steps end at these seconds.
    pace.step(100, 1, 1, 10, 3);
    assert.equal(pace.describe(), '');
    pace.step(102, 1, 2, 10, 3);
    // 2 s a step: 1 step left of this epoch, 6 of the others.
    assert.equal(pace.describe(), ', 5.0 images/s, 0:02 left (0:14 in all)');
    pace.step(106, 1, 3, 10, 3);
    // (2 + 4) / 2 = 3 s a step.
    assert.equal(pace.describe(), ', 3.3 images/s, 0:00 left (0:18 in all)');
    pace.epoch(116);
    pace.step(300, 2, 1, 10, 3);
    // 10 s a validation, and the pause between the epochs counts for no step: 2 · 3 + 10, and 3 · 3 + 10 more.
    assert.equal(pace.describe(), ', 3.3 images/s, 0:16 left (0:35 in all)');
  });
});

describe('formatDuration', () => {
  for (const [seconds, text] of [
    [0, '0:00'],
    [59.6, '1:00'],
    [75, '1:15'],
    [4000, '1:06:40'],
    [360_000, '100:00:00'],
  ] as const) {
    it(`writes ${seconds} s as ${text}`, () => assert.equal(formatDuration(seconds), text));
  }
});

describe('formatScores', () => {
  it('leaves classes without a figure out and lines the others up', () => {
    const text = formatScores(['sky', 'building', 'void'], { iou: [1, 0.0567, null] });
    assert.equal(text, '  sky       100.00 %\n  building    5.67 %');
  });

  it('writes what does not exist as a dash, and one without an s', () => {
    assert.deepEqual([formatPercent(null), formatPercent(0.12345)], ['–', '12.35 %']);
    assert.deepEqual([formatCount(1, 'epoch'), formatCount(0, 'step')], ['1 epoch', '0 steps']);
  });
});
