import assert from 'node:assert/strict';
import { batchSizesOf, evaluateVictim } from '../../src/train/evaluate.js';
import type { Victim } from '../../src/train/victim.js';
import { assertAllClose } from '../support/all-close.js';
import { createMemoryDataset } from '../support/memory-dataset.js';
import { TOLERANCE } from '../support/tolerances.js';

const SIZE = { height: 1, width: 4 };
/** Three scenes of four pixels; 11 is unlabelled. */
const LABELS = [
  [0, 0, 1, 11],
  [1, 1, 1, 11],
  [0, 1, 2, 2],
];

/** Predicts class 0 for the first pixel of each scene and class 1 for the others, and notes how many scenes it was given. */
function fakeVictim(): { victim: Victim; counts: number[] } {
  const counts: number[] = [];
  const predict = (images: Float32Array, count: number): Promise<Int32Array> => {
    assert.equal(images.length, 3 * 4 * count);
    counts.push(count);
    return Promise.resolve(Int32Array.from({ length: 4 * count }, (_, i) => (i % 4 === 0 ? 0 : 1)));
  };
  return { victim: { predict } as unknown as Victim, counts };
}

describe('evaluateVictim', () => {
  const dataset = createMemoryDataset(LABELS, { size: SIZE, split: 'val' });

  it('counts every scene once, the rest as a smaller batch, and gives the IoU of the whole split', async () => {
    const { victim, counts } = fakeVictim();
    const progress: number[][] = [];
    const scores = await evaluateVictim(victim, dataset, {
      batchSize: 2,
      size: SIZE,
      onProgress: (...report) => void progress.push(report),
    });
    assert.deepEqual(counts, [2, 1]);
    assert.deepEqual(progress, [
      [2, 3],
      [3, 3],
    ]);
    assert.equal(scores.images, 3);
    // Class 0: 2 right, of 3 labelled and 3 predicted. Class 1: 4 right (1, 2 and 1), 5 labelled, 7 predicted. Class 2: none of 2.
    const expected = [2 / (3 + 3 - 2), 4 / (5 + 7 - 4), 0];
    assertAllClose(scores.iou.slice(0, 3) as number[], expected, TOLERANCE.float64Arithmetic);
    assert.equal(scores.iou[11], null);
    assertAllClose([scores.pixelAccuracy!], [6 / 10], TOLERANCE.float64Arithmetic);
    assertAllClose([scores.miou!], [(0.5 + 0.5 + 0) / 3], TOLERANCE.float64Arithmetic);
  });

  it('takes the first scenes up to the limit, and all where the limit is larger', async () => {
    for (const { limit, images } of [
      { limit: 1, images: 1 },
      { limit: 9, images: 3 },
    ]) {
      const { victim, counts } = fakeVictim();
      const options = { batchSize: 10, size: SIZE, limit };
      const scores = await evaluateVictim(victim, dataset, options);
      assert.deepEqual([scores.images, ...counts], [images, images]);
    }
  });

  it('stops when its signal is given', async () => {
    const { victim, counts } = fakeVictim();
    const controller = new AbortController();
    const evaluation = evaluateVictim(victim, dataset, {
      batchSize: 1,
      size: SIZE,
      signal: controller.signal,
      onProgress: () => controller.abort(),
    });
    await assert.rejects(evaluation, { code: 'CANCELLED' });
    assert.deepEqual(counts, [1]);
  });
});

describe('batchSizesOf', () => {
  for (const { total, batchSize, sizes } of [
    { total: 367, batchSize: 10, sizes: [10, 7] },
    { total: 20, batchSize: 10, sizes: [10] },
    { total: 3, batchSize: 10, sizes: [3] },
    { total: 1, batchSize: 1, sizes: [1] },
    { total: 0, batchSize: 4, sizes: [] },
  ]) {
    it(`gives ${JSON.stringify(sizes)} for ${total} scenes by ${batchSize}`, () => {
      assert.deepEqual(batchSizesOf(total, batchSize), sizes);
    });
  }
});
