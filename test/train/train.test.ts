import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { hasCheckpoint, readCheckpoint } from '../../src/train/checkpoint.js';
import { nodeBackend } from '../../src/graph/node-backend.js';
import { isSegprobeError, SegprobeError } from '../../src/shared/errors.js';
import { decodeSafetensors } from '../../src/shared/safetensors.js';
import { createDrawnDataset } from '../support/datasets.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { useNativeTensorFlow } from '../support/tensorflow.js';
import { contentsOf, createNotes, interruptAt, type Told, trainTiny } from '../support/training.js';

describe('trainVictim', function () {
  this.timeout(120_000);
  useNativeTensorFlow();
  const limited = {
    config: { limit: 5 },
    train: createDrawnDataset(7),
    val: createDrawnDataset(3, { split: 'val' }),
  };
  let save: string;
  let remove: () => Promise<void>;
  /** A training of two epochs that nothing interrupts. */
  let whole: string;
  let told: Told;
  let order: number[];
  /** `optimizer.safetensors` after each epoch. */
  let latest: Uint8Array[];

  before(async () => {
    ({ folder: save, remove } = await scratchFolder());
    whole = path.join(save, 'whole');
    [order, latest] = [[], []];
    const file = path.join(whole, 'optimizer.safetensors');
    const observer = createNotes({ onEpoch: () => void latest.push(readFileSync(file)) });
    const train = createDrawnDataset(7, { onRead: (index) => void order.push(index) });
    await trainTiny(whole, { ...limited, train, observer });
    told = observer;
  });
  after(() => remove());

  it('takes all scenes up to the limit in each epoch, in an order of its own, the rest as a smaller batch', () => {
    const [first, second] = [order.slice(0, 5), order.slice(5)];
    assert.deepEqual(first.toSorted(), [0, 1, 2, 3, 4]);
    assert.deepEqual(second.toSorted(), [0, 1, 2, 3, 4]);
    assert.notDeepEqual(first, second);
    const expected = [1, 2].flatMap((epoch) =>
      [2, 2, 1].map((images, i) => ({ epoch, batch: i + 1, stepsPerEpoch: 3, images })),
    );
    assert.deepEqual(
      told.steps.map(({ loss: _loss, ...step }) => step),
      expected,
    );
  });

  it('writes the mean loss and the scores of each epoch', async () => {
    const { state } = await readCheckpoint(whole);
    assert.deepEqual(
      state.metrics,
      told.epochs.map((report) => ({ ...report })),
    );
    const [first, second] = told.epochs;
    const losses = told.steps.slice(0, 3).map(({ loss }) => loss);
    assert.equal(first!.trainLoss, (losses[0]! + losses[1]! + losses[2]!) / 3);
    assert.deepEqual([first!.step, second!.step], [3, 6]);
    assert.ok(second!.trainLoss < first!.trainLoss);
    assert.deepEqual(told.validations.slice(0, 2), [
      { epoch: 1, images: 2, totalImages: 3 },
      { epoch: 1, images: 3, totalImages: 3 },
    ]);
    const { epoch, batch, step, best } = state;
    assert.deepEqual({ epoch, batch, step }, { epoch: 2, batch: 0, step: 6 });
    assert.equal(best!.miou, Math.max(...told.epochs.map(({ valMiou }) => valMiou!)));
    const lines = (await readFile(path.join(whole, 'metrics.jsonl'), 'utf8')).trim().split('\n');
    assert.deepEqual(
      lines.map((line) => JSON.parse(line) as unknown),
      state.metrics,
    );
  });

  it('keeps the weights of the epoch with the best mIoU, beside the latest', async () => {
    const { state, weights, optimizer } = await readCheckpoint(whole);
    const { tensors } = decodeSafetensors(latest[state.best!.epoch - 1]!, 'then');
    for (const [name, tensor] of weights) assert.deepEqual(tensor, tensors.get(`weights.${name}`));
    assert.deepEqual(optimizer, decodeSafetensors(latest[1]!, 'last').tensors);
  });

  it('is the same to the last bit when it is interrupted within an epoch and resumed', async () => {
    const folder = path.join(save, 'interrupted');
    await assert.rejects(
      trainTiny(folder, { ...limited, ...interruptAt({ step: 4 }) }),
      (error) =>
        isSegprobeError(error, 'CANCELLED') && /after step 4, which is saved/.test(error.message),
    );
    const { state } = await readCheckpoint(folder);
    assert.deepEqual([state.epoch, state.batch, state.step], [1, 1, 4]);
    const observer = createNotes();
    await trainTiny(folder, { ...limited, existing: 'resume', observer });
    assert.deepEqual(observer.steps, told.steps.slice(4));
    assert.deepEqual(await contentsOf(folder), await contentsOf(whole));
  });

  it('is the same to the last bit when it is interrupted at every step and in validation @slow', async function () {
    if (!process.env['SEGPROBE_SLOW']) this.skip();
    this.timeout(600_000);
    const folder = path.join(save, 'often');
    const places = [
      ...[1, 2, 3].map((step) => ({ step })),
      { validation: 1 },
      ...[4, 5, 6].map((step) => ({ step })),
      { validation: 2 },
    ];
    for (const place of places) {
      const existing = hasCheckpoint(folder) ? 'resume' : 'refuse';
      await assert.rejects(
        trainTiny(folder, { ...limited, existing, ...interruptAt(place) }),
        (error) => isSegprobeError(error, 'CANCELLED'),
      );
    }
    await trainTiny(folder, { ...limited, existing: 'resume' });
    assert.deepEqual(await contentsOf(folder), await contentsOf(whole));
  });

  it('goes on for more epochs as if it had been asked for them at once @slow', async function () {
    if (!process.env['SEGPROBE_SLOW']) this.skip();
    const folder = path.join(save, 'longer');
    await trainTiny(folder, { ...limited, config: { limit: 5, epochs: 1 } });
    await trainTiny(folder, { ...limited, existing: 'resume' });
    assert.deepEqual(await contentsOf(folder), await contentsOf(whole));
  });

  it('has nothing left to do when it is resumed after its last epoch', async () => {
    const before = await contentsOf(whole);
    const observer = createNotes();
    const state = await trainTiny(whole, { ...limited, existing: 'resume', observer });
    assert.equal(state.epoch, 2);
    assert.deepEqual(observer.steps, []);
    assert.deepEqual(await contentsOf(whole), before);
  });

  it('draws other numbers from another seed @slow', async function () {
    if (!process.env['SEGPROBE_SLOW']) this.skip();
    const observer = createNotes();
    const config = { limit: 5, epochs: 1, seed: 2 };
    await trainTiny(path.join(save, 'seed'), { ...limited, config, observer });
    assert.notDeepEqual(observer.steps, told.steps.slice(0, 3));
  });

  it('begins with the weights of another checkpoint', async () => {
    const folder = path.join(save, 'pretrained');
    const { weights } = await readCheckpoint(whole);
    // No step of weight: what is saved is what it began with, but for the running statistics.
    const config = { limit: 1, epochs: 1, learningRate: 1e-30, weightDecay: 0 };
    await trainTiny(folder, { config, pretrained: { weights, file: 'whole' } });
    const { weights: found } = await readCheckpoint(folder);
    const isParameter = ([name]: [string, unknown]): boolean => !name.includes('running_');
    assert.deepEqual([...found].filter(isParameter), [...weights].filter(isParameter));
  });

  for (const { name, lrDecay, scenes, steps } of [
    // Epoch 2 takes a step of 5e30, and its second loss is none. A step beyond float32 ruins the weights at once.
    { name: 'a loss that is no number', lrDecay: 1e34, scenes: 4, steps: 3 },
    { name: 'weights that are no numbers', lrDecay: 1e45, scenes: 2, steps: 2 },
  ]) {
    it(`ends at ${name} and keeps the checkpoint before`, async () => {
      const folder = path.join(save, `diverged-${lrDecay}`);
      const config = { epochs: 3, lrDecay, lrDecayEpochs: 1 };
      const train = createDrawnDataset(scenes);
      let kept: Promise<object> | undefined;
      const observer = createNotes({ onEpoch: () => void (kept = contentsOf(folder)) });
      await assert.rejects(
        trainTiny(folder, { train, config, observer }),
        (error) =>
          isSegprobeError(error, 'TRAINING_DIVERGED') && /--learning-rate/.test(error.message),
      );
      assert.equal(observer.steps.length, steps);
      assert.deepEqual(await contentsOf(folder), await kept);
      assert.equal((await readCheckpoint(folder)).state.epoch, 1);
    });
  }

  it('keeps the steps it has done when a scene cannot be read', async () => {
    const folder = path.join(save, 'unreadable');
    let reads = 0;
    const onRead = (): void => {
      if (++reads === 5) throw new SegprobeError('IMAGE_UNREADABLE', 'a.png is no picture');
    };
    const train = createDrawnDataset(5, { onRead });
    await assert.rejects(trainTiny(folder, { train }), { code: 'IMAGE_UNREADABLE' });
    const { state } = await readCheckpoint(folder);
    assert.deepEqual([state.epoch, state.batch, state.best], [0, 2, null]);
  });

  it('keeps neither tensors nor memory from epoch to epoch', async () => {
    const found: { tensors: number; native: number; rss: number }[] = [];
    const onEpoch = (): void => {
      const { numTensors: tensors } = tf.memory();
      const native = nodeBackend().binding.getNumOfTensors();
      found.push({ tensors, native, rss: process.memoryUsage.rss() });
    };
    const epochs = 8;
    await trainTiny(path.join(save, 'memory'), {
      observer: createNotes({ onEpoch }),
      config: { epochs },
    });
    const [, second, ...later] = found;
    for (const { tensors, native } of later) {
      assert.deepEqual({ tensors, native }, { tensors: second!.tensors, native: second!.native });
    }
    const growth = (later.at(-1)!.rss - second!.rss) / 2 ** 20;
    assert.ok(growth < 48, `${growth.toFixed(1)} MiB more after epoch ${epochs} than after 2`);
  });
});
