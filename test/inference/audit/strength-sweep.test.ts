import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { strengthOfLoss, sweepStrengths } from '../../../src/inference/audit/strength-sweep.js';
import { evaluateDataset } from '../../../src/inference/evaluate-dataset.js';
import { openModel } from '../../../src/inference/open-model.js';
import { scratchFolder } from '../../support/scratch-folder.js';
import { createStripes } from '../../support/stripes-dataset.js';
import { createTinyDataset } from '../../support/tiny-dataset.js';
import { tinyAttacker, writeTinyVictim } from '../../support/tiny-models.js';

describe('sweepStrengths', function () {
  this.timeout(90_000); // Five passes, each with threads of its own.

  it('tells at which strength each object is lost', async () => {
    const { folder, remove } = await scratchFolder();
    try {
      const victim = await openModel(await writeTinyVictim(folder, 'tiny'));
      const file = path.join(folder, 'redder.onnx');
      await writeFile(file, tinyAttacker([255, 0, -120]));
      const attacker = await openModel(file);
      const { objects, points } = await sweepStrengths(createStripes(), {
        ...{ victim, attacker, order: [1, 2], count: 2 },
      });
      // Stripes of 200: red stays; green is passed by 255 · strength at 1 (191 < 200 at 0.75), blue, at 200 − 120 · strength, at 0.75.
      assert.deepEqual(
        objects.map(({ index, number, pixels, lostAtStrength }) => [
          ...[index, number, pixels, lostAtStrength],
        ]),
        [
          [1, 0, 120, null],
          [1, 1, 120, 1],
          [1, 2, 120, 0.75],
          [2, 0, 90, null],
          [2, 1, 120, 1],
          [2, 2, 120, 0.75],
        ],
      );
      assert.deepEqual(
        points.map(({ linf }) => Math.round(255 * linf)),
        [0, 32, 64, 128, 191, 255],
      );
      assert.deepEqual([points[0]!.psnrDb, points[0]!.bootstrap.length], [null, 200]);
    } finally {
      await remove();
    }
  });

  it('goes from the clean pictures to the whole attack', async () => {
    const { folder, remove } = await scratchFolder();
    try {
      const victim = await openModel(await writeTinyVictim(folder, 'tiny'));
      const file = path.join(folder, 'redder.onnx');
      await writeFile(file, tinyAttacker([120, 0, -60]));
      const attacker = await openModel(file);
      const dataset = createTinyDataset(3);
      const { images, points } = await sweepStrengths(dataset, { victim, attacker, count: 5 });
      const whole = await evaluateDataset(dataset, { victim, attacker });
      assert.equal(images, 3);
      assert.deepEqual(
        points.map(({ strength }) => strength),
        [0, 0.125, 0.25, 0.5, 0.75, 1],
      );
      assert.equal(points[0]!.miou, whole.miou);
      assert.equal(points.at(-1)!.miou, whole.miouAttacked);
      assert.deepEqual(
        points.at(-1)!.iou,
        whole.classes.map(({ iouAttacked }) => iouAttacked),
      );
      for (let i = 1; i < points.length; i++) assert.ok(points[i]!.miou! <= points[i - 1]!.miou!);
    } finally {
      await remove();
    }
  });
});

describe('strengthOfLoss', () => {
  const at = (...values: (number | null)[]) =>
    values.map((value, i) => ({ strength: i / 2, value }));

  it('finds where half is lost, between two points by a line', () => {
    // From 0.6 at 0.5 to 0.2 at 1: 0.4 = half of 0.8 lies halfway.
    assert.equal(strengthOfLoss(at(0.8, 0.6, 0.2)), 0.75);
  });

  it('is null where half is never lost, and where there was nothing', () => {
    assert.equal(strengthOfLoss(at(0.8, 0.6, 0.5)), null);
    assert.equal(strengthOfLoss(at(0, 0, 0)), null);
    assert.equal(strengthOfLoss(at(null, 0.2)), null);
  });
});
