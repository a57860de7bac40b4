import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { openCamvid } from '../../src/data/camvid.js';
import { countClassPixels } from '../../src/data/class-pixels.js';
import { classWeights, withoutIgnored } from '../../src/data/class-weighing.js';
import type { ClassTable } from '../../src/shared/classes.js';
import { assertAllClose } from '../support/all-close.js';
import { createMemoryDataset } from '../support/memory-dataset.js';
import { TOLERANCE } from '../support/tolerances.js';

const THREE: ClassTable = {
  classes: ['a', 'b', 'c'].map((name) => ({ name, color: [0, 0, 0] })),
  ignoreIndex: 2,
};
const SIZE = { height: 2, width: 2 };
/** a: 5 pixels in 2 images of 8; b: 3 in 1 image of 4; c: 4 in 1 image of 4. */
const LABELS = [
  [0, 0, 0, 0],
  [0, 1, 1, 1],
  [2, 2, 2, 2],
] as const;
const PIXELS = { pixelCounts: [5, 3, 4], pixelsWherePresent: [8, 4, 4] };

describe('countClassPixels', () => {
  it('counts pixels by class, and the pixels of the images that have it', async () => {
    const dataset = createMemoryDataset(LABELS, { size: SIZE, classTable: THREE });
    assert.deepEqual(await countClassPixels(dataset, SIZE), PIXELS);
  });

  it('tells how far it is', async () => {
    const dataset = createMemoryDataset(LABELS, { size: SIZE, classTable: THREE });
    const told: number[][] = [];
    await countClassPixels(dataset, SIZE, (...progress) => told.push(progress));
    assert.deepEqual(told, [
      [1, 3],
      [2, 3],
      [3, 3],
    ]);
  });
});

describe('classWeights', () => {
  it('weighs by 1 / ln(1.02 + p) over all pixels as enet', () => {
    const expected = [5, 3, 4].map((count) => 1 / Math.log(1.02 + count / 12));
    assertAllClose(classWeights('enet', PIXELS), expected, TOLERANCE.float64Arithmetic);
  });

  it('weighs by the median over the frequency where present as mfb', () => {
    // Frequencies 5/8, 3/4 and 4/4; the median is 3/4.
    const expected = [3 / 4 / (5 / 8), 1, 3 / 4];
    assertAllClose(classWeights('mfb', PIXELS), expected, TOLERANCE.float64Arithmetic);
  });

  it('takes the mean of the middle two for mfb of an even number of classes', () => {
    // Frequencies 0.1, 0.2, 0.4, 0.8; the median is 0.3.
    const pixels = { pixelCounts: [40, 10, 80, 20], pixelsWherePresent: [100, 100, 100, 100] };
    assertAllClose(
      classWeights('mfb', pixels),
      [0.3 / 0.4, 0.3 / 0.1, 0.3 / 0.8, 0.3 / 0.2],
      TOLERANCE.float64Arithmetic,
    );
  });

  it('gives a class that never occurs 1 / ln(1.02) as enet, 0 as mfb, out of the median', () => {
    const pixels = { pixelCounts: [1, 0, 3], pixelsWherePresent: [4, 0, 4] };
    assertAllClose([classWeights('enet', pixels)[1]!], [50.49835], { rtol: 1e-6, atol: 0 });
    // Frequencies 1/4 and 3/4; the median is 1/2.
    assertAllClose(classWeights('mfb', pixels), [2, 0, 2 / 3], TOLERANCE.float64Arithmetic);
  });

  it('weighs all alike as none', () => {
    assert.deepEqual(classWeights('none', PIXELS), [1, 1, 1]);
  });
});

describe('withoutIgnored', () => {
  it('puts the weight of the ignored class to 0 in a copy', () => {
    const weights = [3, 4, 5];
    assert.deepEqual(withoutIgnored(weights, 2), [3, 4, 0]);
    assert.deepEqual(weights, [3, 4, 5]);
  });
});

describe('class weights of CamVid @golden', () => {
  const root = path.join(import.meta.dirname, '../..');
  const goldenFile = path.join(
    process.env['SEGPROBE_GOLDEN'] ?? path.join(root, '../shared/golden'),
    'pytorch-enet/camvid_class_weights.json',
  );
  const dir = process.env['SEGPROBE_CAMVID'] ?? path.join(root, '../shared/camvid/CamVid');

  it('are those of PyTorch-ENet and of the paper', async function () {
    for (const needed of [goldenFile, dir]) {
      if (existsSync(needed)) continue;
      process.stderr.write(`skipped: ${needed} is not there\n`);
      this.skip();
    }
    const golden = JSON.parse(await readFile(goldenFile, 'utf8'));
    const dataset = await openCamvid({ dir, split: 'train' });
    const pixels = await countClassPixels(dataset, dataset.defaultSize);
    assert.deepEqual(pixels.pixelCounts, golden.pixel_counts);
    const tolerance = { rtol: 1e-6, atol: 0 };
    assertAllClose(classWeights('enet', pixels), golden.enet, tolerance, 'enet');
    assertAllClose(classWeights('mfb', pixels), golden.mfb, tolerance, 'mfb');
  });
});
