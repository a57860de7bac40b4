import {
  type ConfusionMatrix,
  countPixels,
  createConfusionMatrix,
  scoresOf,
} from './confusion-matrix.js';

/** What an attack did to a label map. Shares are in 0..1. */
export interface LabelComparison {
  /** Share of all pixels whose class changed. */
  readonly changedShare: number;
  /** By class before the attack: share of its pixels that are of another class after it; null for a class without pixels. */
  readonly changedShareByClass: readonly (number | null)[];
  /** Beside what is right; null where that is not known. */
  readonly scores: {
    readonly iou: readonly (number | null)[];
    readonly iouAttacked: readonly (number | null)[];
    readonly miou: number | null;
    readonly miouAttacked: number | null;
    readonly pixelAccuracy: number | null;
    readonly pixelAccuracyAttacked: number | null;
  } | null;
}

/**
 * Compares the label maps of a picture before and after an attack, and each with what is right.
 *
 * @param before - class numbers below `classCount`, `[H, W]` flattened.
 * @param after - the same shape.
 * @param truth - the same shape; `ignoreIndex` where nothing is known. That may be a class or the number behind the last.
 * @throws SegprobeError `SHAPE_MISMATCH` for maps of different sizes.
 */
export function compareLabels(
  before: Uint8Array,
  after: Uint8Array,
  options: {
    readonly classCount: number;
    readonly truth: Uint8Array | null;
    readonly ignoreIndex: number;
  },
): LabelComparison {
  const { classCount, truth, ignoreIndex } = options;
  const moves = createConfusionMatrix(classCount);
  // No class is ignored here: every pixel counts.
  countPixels(moves, before, after, classCount);
  const rows = Array.from({ length: classCount }, (_, k) => {
    const row = moves.counts.subarray(k * classCount, (k + 1) * classCount);
    const all = row.reduce((sum, count) => sum + count, 0);
    return { all, changed: all - row[k]! };
  });
  const changed = rows.reduce((sum, row) => sum + row.changed, 0);
  return {
    changedShare: changed / before.length,
    changedShareByClass: rows.map((row) => (row.all === 0 ? null : row.changed / row.all)),
    scores:
      truth === null
        ? null
        : scoreBoth(
            [before, after].map((labels) => countAgainst(truth, labels, classCount, ignoreIndex)),
            classCount,
            ignoreIndex,
          ),
  };
}

function countAgainst(
  truth: Uint8Array,
  labels: Uint8Array,
  classCount: number,
  ignoreIndex: number,
): ConfusionMatrix {
  const matrix = createConfusionMatrix(Math.max(classCount, ignoreIndex + 1));
  countPixels(matrix, truth, labels, ignoreIndex);
  return matrix;
}

function scoreBoth(
  matrices: readonly ConfusionMatrix[],
  classCount: number,
  ignoreIndex: number,
): LabelComparison['scores'] {
  const [clean, attacked] = matrices.map((matrix) => scoresOf(matrix, ignoreIndex));
  return {
    iou: clean!.iou.slice(0, classCount),
    iouAttacked: attacked!.iou.slice(0, classCount),
    miou: clean!.miou,
    miouAttacked: attacked!.miou,
    pixelAccuracy: clean!.pixelAccuracy,
    pixelAccuracyAttacked: attacked!.pixelAccuracy,
  };
}
