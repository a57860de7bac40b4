import assert from 'node:assert/strict';
import {
  ancestorMeanIou,
  countPixels,
  createConfusionMatrix,
  mergeConfusionMatrix,
  scoresOf,
  type ConfusionMatrix,
} from '../../src/shared/confusion-matrix.js';
import { createRandom } from '../../src/shared/random.js';
import { assertAllClose } from '../support/all-close.js';
import { TOLERANCE } from '../support/tolerances.js';

const NONE_IGNORED = -1;

describe('countPixels', () => {
  it('counts a row a given class, a column a predicted one', () => {
    const matrix = createConfusionMatrix(2);
    countPixels(
      matrix,
      Uint8Array.of(0, 0, 0, 1, 1, 1),
      Uint8Array.of(0, 0, 1, 0, 1, 1),
      NONE_IGNORED,
    );
    assert.deepEqual([...matrix.counts], [2, 1, 1, 2]);
  });

  it('adds to what was counted before', () => {
    const matrix = createConfusionMatrix(2);
    countPixels(matrix, Uint8Array.of(0), Uint8Array.of(1), NONE_IGNORED);
    countPixels(matrix, Uint8Array.of(0, 1), Uint8Array.of(1, 1), NONE_IGNORED);
    assert.deepEqual([...matrix.counts], [0, 2, 0, 1]);
  });

  it('leaves out pixels given the ignored class, and keeps labelled ones predicted as it', () => {
    const matrix = createConfusionMatrix(3);
    countPixels(matrix, Uint8Array.of(2, 2, 0, 1), Uint8Array.of(0, 2, 2, 1), 2);
    // Rows: 0 → once as 2; 1 → once as 1; 2 → nothing.
    assert.deepEqual([...matrix.counts], [0, 0, 1, 0, 1, 0, 0, 0, 0]);
  });

  for (const [classCount, pixels] of [
    [12, 40_003],
    [256, 33_000],
  ] as const) {
    it(`counts ${pixels} pixels of ${classCount} classes as plain loops do`, () => {
      const random = createRandom(9);
      // Now and then another class: runs, as label maps have them, and every pair of few classes.
      let last = 0;
      const draw = () => (last = random() < 0.3 ? Math.floor(random() * classCount) : last);
      const [given, predicted] = [
        Uint8Array.from({ length: pixels }, draw),
        Uint8Array.from({ length: pixels }, draw),
      ];
      const expected = createConfusionMatrix(classCount);
      given.forEach((row, i) => {
        if (row !== 3) expected.counts[row * classCount + predicted[i]!]!++;
      });
      const matrix = createConfusionMatrix(classCount);
      countPixels(matrix, given, predicted, 3);
      assert.deepEqual(matrix, expected);
    });
  }

  it('names the first number that is no class, however far in', () => {
    const given = new Uint8Array(50_000).fill(4);
    const predicted = given.slice();
    predicted[40_001] = 5;
    given[49_999] = 255;
    assert.throws(() => countPixels(createConfusionMatrix(5), given, predicted, 0), {
      code: 'LABEL_INVALID',
      message: /below 5, got given 4, predicted 5 at pixel 40001$/,
    });
  });

  it('refuses label maps of different lengths', () => {
    assert.throws(
      () =>
        countPixels(createConfusionMatrix(2), Uint8Array.of(0, 1), Uint8Array.of(0), NONE_IGNORED),
      {
        code: 'SHAPE_MISMATCH',
        message: /2.*got 1/,
      },
    );
  });

  for (const { name, given, predicted } of [
    { name: 'given', given: Uint8Array.of(0, 2), predicted: Uint8Array.of(0, 0) },
    { name: 'predicted', given: Uint8Array.of(0, 0), predicted: Uint8Array.of(0, 2) },
  ]) {
    it(`refuses a ${name} number that is no class, ignored or not`, () => {
      assert.throws(() => countPixels(createConfusionMatrix(2), given, predicted, 2), {
        code: 'LABEL_INVALID',
        message: /below 2, got given [02], predicted [02] at pixel 1/,
      });
    });
  }
});

describe('mergeConfusionMatrix', () => {
  it('makes of the counts of two halves those of the whole', () => {
    const random = createRandom(5);
    const draw = () => Uint8Array.from({ length: 1000 }, () => Math.floor(random() * 4));
    const [given, predicted] = [draw(), draw()];
    const whole = createConfusionMatrix(4);
    countPixels(whole, given, predicted, 3);
    const parts = [createConfusionMatrix(4), createConfusionMatrix(4)] as const;
    countPixels(parts[0], given.slice(0, 300), predicted.slice(0, 300), 3);
    countPixels(parts[1], given.slice(300), predicted.slice(300), 3);
    mergeConfusionMatrix(...parts);
    assert.deepEqual(parts[0], whole);
  });

  it('refuses another number of classes', () => {
    assert.throws(() => mergeConfusionMatrix(createConfusionMatrix(2), createConfusionMatrix(3)), {
      code: 'SHAPE_MISMATCH',
    });
  });
});

describe('scoresOf', () => {
  it('gives tp / (tp + fp + fn), its mean, and the share that is right', () => {
    const scores = scoresOf(matrixOf([2, 1], [1, 3]), NONE_IGNORED);
    // class 0: 2 / (2 + 1 + 1); class 1: 3 / (3 + 1 + 1); right: (2 + 3) / 7
    assertAllClose(notNull(scores.iou), [2 / 4, 3 / 5], TOLERANCE.float64Arithmetic);
    assertAllClose(
      notNull([scores.miou, scores.pixelAccuracy]),
      [(2 / 4 + 3 / 5) / 2, 5 / 7],
      TOLERANCE.float64Arithmetic,
    );
    assert.deepEqual(scores.pixels, [3, 4]);
  });

  it('gives the share of each class that is right, and its mean over the classes that are labelled', () => {
    const { accuracy, classAccuracy } = scoresOf(matrixOf([2, 1, 1], [0, 3, 1], [0, 0, 0]), 2);
    // class 0: 2 / (2 + 1 + 1); class 1: 3 / (0 + 3 + 1); class 2 is ignored
    assert.deepEqual(accuracy, [2 / 4, 3 / 4, null]);
    assert.equal(classAccuracy, (2 / 4 + 3 / 4) / 2);
    assert.equal(scoresOf(createConfusionMatrix(2), NONE_IGNORED).classAccuracy, null);
  });

  it('tells false positives from false negatives', () => {
    // class 0: given 4, predicted 1, right 1: 1 / 4; class 1: given 0, predicted 3: 0 / 3
    const { iou, pixels } = scoresOf(matrixOf([1, 3], [0, 0]), NONE_IGNORED);
    assert.deepEqual(iou, [1 / 4, 0]);
    assert.deepEqual(pixels, [4, 0]);
  });

  it('averages only the classes that occur', () => {
    // class 0: 2 / 3; class 1: 1 / 2; class 2 neither given nor predicted
    const scores = scoresOf(matrixOf([2, 1, 0], [0, 1, 0], [0, 0, 0]), NONE_IGNORED);
    assert.equal(scores.iou[2], null);
    assertAllClose(notNull([scores.miou]), [(2 / 3 + 1 / 2) / 2], TOLERANCE.float64Arithmetic);
  });

  it('takes a labelled pixel predicted as the ignored class for wrong, and gives that class no IoU', () => {
    const matrix = createConfusionMatrix(3);
    countPixels(matrix, Uint8Array.of(0, 0, 1, 2), Uint8Array.of(0, 2, 1, 1), 2);
    const scores = scoresOf(matrix, 2);
    // class 0: 1 / (1 + 0 + 1); class 1: 1 / 1, the ignored pixel predicted as it not counted
    assert.deepEqual(scores.iou, [1 / 2, 1, null]);
    assert.equal(scores.miou, 3 / 4);
    assert.equal(scores.pixelAccuracy, 2 / 3);
    assert.deepEqual(scores.pixels, [2, 1, 0]);
  });

  it('is 1 for equal label maps, whatever they hold', () => {
    const matrix = createConfusionMatrix(4);
    const labels = Uint8Array.of(0, 3, 3, 1, 0);
    countPixels(matrix, labels, labels, NONE_IGNORED);
    const { iou, miou, pixelAccuracy } = scoresOf(matrix, NONE_IGNORED);
    assert.deepEqual(iou, [1, 1, null, 1]);
    assert.deepEqual([miou, pixelAccuracy], [1, 1]);
  });

  it('is null for an empty matrix', () => {
    const { iou, miou, pixelAccuracy } = scoresOf(createConfusionMatrix(2), NONE_IGNORED);
    assert.deepEqual(
      { iou, miou, pixelAccuracy },
      { iou: [null, null], miou: null, pixelAccuracy: null },
    );
  });

  it('leaves the matrix as it was', () => {
    const matrix = matrixOf([5, 1, 2], [1, 5, 3], [0, 0, 0]);
    const before = [...matrix.counts];
    const first = scoresOf(matrix, 2);
    assert.deepEqual(scoresOf(matrix, 2), first);
    assert.deepEqual([...matrix.counts], before);
  });
});

function matrixOf(...rows: number[][]): ConfusionMatrix {
  return { classCount: rows.length, counts: Float64Array.from(rows.flat()) };
}

function notNull(values: readonly (number | null)[]): number[] {
  return values.map((value) => {
    assert.notEqual(value, null);
    return value!;
  });
}

describe('ancestorMeanIou', () => {
  it('forgives a labelled pixel predicted as unlabelled, which the standard figure does not', () => {
    const matrix = createConfusionMatrix(3);
    // Class 0: three right, one unlabelled. Class 1: one right, one as 0.
    countPixels(matrix, Uint8Array.of(0, 0, 0, 0, 1, 1, 2), Uint8Array.of(0, 0, 0, 2, 1, 0, 0), 2);
    assert.equal(scoresOf(matrix, 2).miou, (3 / 5 + 1 / 2) / 2);
    assert.equal(ancestorMeanIou(matrix, 2), (3 / 4 + 1 / 2) / 2);
    assert.equal(matrix.counts[2], 1, 'the matrix stays as it was');
  });

  it('is the standard figure where nothing is ignored, and null of nothing', () => {
    const matrix = createConfusionMatrix(2);
    assert.equal(ancestorMeanIou(matrix, NONE_IGNORED), null);
    countPixels(matrix, Uint8Array.of(0, 0, 1), Uint8Array.of(0, 1, 1), NONE_IGNORED);
    assert.equal(ancestorMeanIou(matrix, NONE_IGNORED), scoresOf(matrix, NONE_IGNORED).miou);
  });
});
