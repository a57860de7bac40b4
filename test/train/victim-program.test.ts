import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import { createEagerRunner } from '../../src/graph/eager-runner.js';
import { createGraphRunner } from '../../src/graph/graph-runner.js';
import type { ProgramRunner } from '../../src/graph/program.js';
import { createEnet } from '../../src/train/models/enet.js';
import { adamStep } from '../../src/train/optimizer.js';
import { initialWeights } from '../../src/train/packing.js';
import { createVictimProgram } from '../../src/train/victim-program.js';
import { assertAllClose } from '../support/all-close.js';
import { randomArray, toTensor, useNativeTensorFlow } from '../support/tensorflow.js';
import { TOLERANCE } from '../support/tolerances.js';

const SIZE = 64;
const CLASSES = 4;
const IMAGE = randomArray([2, SIZE, SIZE, 3], 60, 0, 1);
/** Four squares, one a class: easy to learn. */
const LABELS = Int32Array.from({ length: 2 * SIZE * SIZE }, (_, i) => {
  const [y, x] = [Math.floor(i / SIZE) % SIZE, i % SIZE];
  return (y < SIZE / 2 ? 0 : 2) + (x < SIZE / 2 ? 0 : 1);
});

function program() {
  const model = createEnet({ classCount: CLASSES });
  return createVictimProgram({
    model,
    weights: initialWeights(model.spec, 1),
    height: SIZE,
    width: SIZE,
    trainBatchSizes: [2],
    predictBatchSizes: [2],
    classWeights: [1, 1, 1, 1],
    weightDecay: 2e-4,
  });
}

function train(runner: ProgramRunner, step: number): number {
  let loss!: number;
  tf.tidy(() => {
    const { stepSize, secondCorrection } = adamStep(step, 5e-3);
    const outputs = runner.run('train/2', {
      image: toTensor(IMAGE),
      label: tf.tensor(LABELS, [2, SIZE, SIZE], 'int32'),
      seed: tf.tensor1d([1, 1024 * step], 'int32'),
      stepSize: tf.scalar(stepSize),
      secondCorrection: tf.scalar(secondCorrection),
    });
    loss = outputs['loss']!.dataSync()[0]!;
  });
  return loss;
}

function predict(runner: ProgramRunner): { labels: Int32Array; logits: Float32Array } {
  let result!: ReturnType<typeof predict>;
  tf.tidy(() => {
    const { labels, logits } = runner.run('predict/2', { image: toTensor(IMAGE) });
    result = {
      labels: labels!.dataSync() as Int32Array,
      logits: logits!.dataSync() as Float32Array,
    };
  });
  return result;
}

describe('createVictimProgram', function () {
  this.timeout(60_000);
  useNativeTensorFlow();
  let runner: ProgramRunner;
  let start: Awaited<ReturnType<ProgramRunner['readState']>>;

  before(async () => {
    runner = createGraphRunner(program());
    start = await runner.readState();
  });
  beforeEach(() => runner.writeState(start));
  after(() => runner?.dispose());

  it('starts with the logarithm of the class count as loss, about, and learns one batch', () => {
    const losses = Array.from({ length: 15 }, (_, i) => train(runner, i + 1));
    assert.ok(Math.abs(losses[0]! - Math.log(CLASSES)) < 0.7, `first loss ${losses[0]}`);
    assert.ok(losses.at(-1)! < losses[0]! / 2, `losses ${losses.join(', ')}`);
  });

  it('moves weights, moments and running statistics in training, and nothing in prediction', async () => {
    const before = predict(runner);
    assert.deepEqual(await runner.readState(), start);
    train(runner, 1);
    const after = await runner.readState();
    for (const [name, { values }] of Object.entries(start)) {
      assert.notDeepEqual(after[name]!.values, values, name);
    }
    assert.notDeepEqual(predict(runner).logits, before.logits);
  });

  it('predicts the same from the same state', () => {
    const before = predict(runner);
    train(runner, 1);
    runner.writeState(start);
    assert.deepEqual(predict(runner), before);
  });

  it('predicts the class of the largest logit', () => {
    const { labels, logits } = predict(runner);
    labels.forEach((label, pixel) => {
      const row = logits.subarray(pixel * CLASSES, (pixel + 1) * CLASSES);
      assert.equal(label, row.indexOf(Math.max(...row)));
    });
  });

  it('computes recorded what it computes eagerly, dropout included', async () => {
    const eager = createEagerRunner(program());
    try {
      const [a, b] = await Promise.all(
        [runner, eager].map(async (either) => ({
          loss: train(either, 1),
          state: await either.readState(),
        })),
      );
      assertAllClose([a!.loss], [b!.loss], TOLERANCE.float32Op, 'loss');
      for (const name of ['runningMean', 'runningVariance'] as const) {
        assertAllClose(a!.state[name]!.values, b!.state[name]!.values, TOLERANCE.sameNetwork, name);
      }
    } finally {
      eager.dispose();
    }
  });
});
