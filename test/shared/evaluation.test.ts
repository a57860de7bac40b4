import assert from 'node:assert/strict';
import type { ClassTable } from '../../src/shared/classes.js';
import { countPixels, createConfusionMatrix } from '../../src/shared/confusion-matrix.js';
import {
  addScene,
  createEvaluationTally,
  type EvaluationResult,
  resultOf,
  type SceneCounts,
} from '../../src/shared/evaluation.js';
import { assertAllClose } from '../support/all-close.js';
import { TOLERANCE } from '../support/tolerances.js';

const TABLE: ClassTable = {
  classes: ['road', 'sky', 'void'].map((name) => ({ name, color: [0, 0, 0] })),
  ignoreIndex: 2,
};
const NAMES = { victim: 'v', attacker: 'a', dataset: 'd', split: 'val' };

function countsOf(given: number[], clean: number[], attacked?: number[]): SceneCounts {
  const matrixOf = (predicted: number[]) => {
    const matrix = createConfusionMatrix(3);
    countPixels(matrix, Uint8Array.from(given), Uint8Array.from(predicted), TABLE.ignoreIndex);
    return matrix;
  };
  return {
    matrix: matrixOf(clean),
    attack: attacked
      ? {
          matrix: matrixOf(attacked),
          perturbation: { l2: 2, linf: 0.1, psnrDb: 30, ssim: 0.9 },
          flippedShare: 0.5,
        }
      : null,
  };
}

function evaluate(scenes: readonly SceneCounts[], attacker: string | null): EvaluationResult {
  const tally = createEvaluationTally(3);
  for (const scene of scenes) addScene(tally, scene, TABLE.ignoreIndex);
  return resultOf(tally, TABLE, { ...NAMES, attacker }, 2);
}

describe('resultOf', () => {
  const scenes = [
    countsOf([0, 0, 1, 2], [0, 1, 1, 0], [1, 1, 1, 1]),
    countsOf([0, 0, 0, 0], [0, 0, 0, 2], [0, 0, 1, 1]),
  ];

  it('scores the whole data set, before and after the attack', () => {
    const result = evaluate(scenes, 'a');
    const { miou, miouAttacked, pixelAccuracy, pixelAccuracyAttacked } = result;
    const { classAccuracy, classAccuracyAttacked, imageMiou, imageMiouAttacked } = result;
    // Clean: road 4 right, 1 as sky, 1 as void (which counts as wrong); sky 1 right and 1 too many.
    const [road, sky] = [4 / 6, 1 / 2];
    // Attacked: road 2 right of 6; sky 1 right, 4 too many.
    const [roadAttacked, skyAttacked] = [2 / 6, 1 / 5];
    assertAllClose(
      [miou!, miouAttacked!, pixelAccuracy!, pixelAccuracyAttacked!],
      [(road + sky) / 2, (roadAttacked + skyAttacked) / 2, 5 / 7, 3 / 7],
      TOLERANCE.float64Arithmetic,
    );
    assertAllClose(
      [classAccuracy!, classAccuracyAttacked!],
      [(4 / 6 + 1) / 2, (2 / 6 + 1) / 2],
      TOLERANCE.float64Arithmetic,
    );
    // Image by image: (1/2 + 1/2) / 2 and 3/4; attacked (0 + 1/3) / 2 and (2/4 + 0/2) / 2.
    assertAllClose(
      [imageMiou!, imageMiouAttacked!],
      [(1 / 2 + 3 / 4) / 2, (1 / 6 + 1 / 4) / 2],
      TOLERANCE.float64Arithmetic,
    );
    assert.deepEqual(
      result.classes.map(({ name, pixels }) => [name, pixels]),
      [
        ['road', 6],
        ['sky', 1],
        ['void', 0],
      ],
    );
    assert.deepEqual(
      result.classes.map(({ accuracy }) => accuracy),
      [4 / 6, 1, null],
    );
    const { images, imagesPerSecond, flippedShare, l2, linf, psnrDb, ssim } = result;
    assert.deepEqual(
      { images, imagesPerSecond, flippedShare, l2, linf, psnrDb, ssim },
      { images: 2, imagesPerSecond: 1, flippedShare: 0.5, l2: 2, linf: 0.1, psnrDb: 30, ssim: 0.9 },
    );
  });

  it('has null for every figure of the attack without one', () => {
    const { classes, ...figures } = evaluate([countsOf([0, 1], [0, 1])], null);
    const attackKeys = Object.keys(figures).filter((key) =>
      /Attacked|psnrDb|ssim|l2|linf|flipped|attacker/.test(key),
    );
    assert.equal(attackKeys.length, 10);
    for (const key of attackKeys) assert.equal(figures[key as keyof typeof figures], null, key);
    for (const { iouAttacked, accuracyAttacked } of classes)
      assert.deepEqual([iouAttacked, accuracyAttacked], [null, null]);
  });

  it('gives a class that never occurs no IoU and leaves it out of the mean', () => {
    const { classes, miou } = evaluate([countsOf([0, 0, 2], [0, 0, 1])], null);
    assert.deepEqual([miou, classes[0]!.iou, classes[1]!.iou], [1, 1, null]);
  });

  it('has no figures of no images', () => {
    const { images, miou, pixelAccuracy, imageMiou, imagesPerSecond } = evaluate([], 'a');
    assert.deepEqual(
      [images, miou, pixelAccuracy, imageMiou, imagesPerSecond],
      [0, null, null, null, 0],
    );
  });
});
