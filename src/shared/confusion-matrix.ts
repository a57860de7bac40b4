import { SegprobeError } from './errors.js';
import { simd } from './simd.js';

/**
 * Pixel counts by given and predicted class: `counts[given * classCount + predicted]`.
 * Counts stay exact up to 2^53 pixels (float64).
 */
export interface ConfusionMatrix {
  readonly classCount: number;
  readonly counts: Float64Array;
}

/** Builds an empty matrix of `classCount` × `classCount`. */
export function createConfusionMatrix(classCount: number): ConfusionMatrix {
  return { classCount, counts: new Float64Array(classCount * classCount) };
}

/**
 * Adds one pair of label maps to `matrix`, in place.
 *
 * @param matrix - of up to 256 classes.
 * @param given - class numbers of the data set, any shape, flattened.
 * @param predicted - class numbers of the model, the same length, each below `classCount`.
 * @param ignoreIndex - pixels given this class are left out; a labelled pixel *predicted* as it stays in and is wrong.
 * @throws SegprobeError `SHAPE_MISMATCH` if the lengths differ, `LABEL_INVALID` for a number that is no class.
 */
export function countPixels(
  matrix: ConfusionMatrix,
  given: Uint8Array,
  predicted: Uint8Array,
  ignoreIndex: number,
): void {
  const { classCount, counts } = matrix;
  if (given.length !== predicted.length) {
    throw new SegprobeError(
      'SHAPE_MISMATCH',
      `expected as many predicted pixels as given ones (${given.length}), got ${predicted.length}`,
    );
  }
  const wasm = simd();
  const memory = new Uint8Array(wasm.memory.buffer);
  const [rows, columns] = [wasm.givenBytes(), wasm.predictedBytes()];
  const block = wasm.pairsBlock();
  wasm.beginPairs(classCount);
  for (let start = 0; start < given.length; start += block) {
    const end = Math.min(start + block, given.length);
    memory.set(given.subarray(start, end), rows);
    memory.set(predicted.subarray(start, end), columns);
    const wrong = wasm.countPairs(end - start);
    if (wrong >= 0) throw invalid(classCount, given, predicted, start + wrong);
  }
  for (let row = 0; row < classCount; row++) {
    if (row === ignoreIndex) continue;
    for (let pair = row * classCount; pair < (row + 1) * classCount; pair++) {
      counts[pair]! += wasm.countOfPair(pair);
    }
  }
}

function invalid(
  classCount: number,
  given: Uint8Array,
  predicted: Uint8Array,
  pixel: number,
): SegprobeError {
  return new SegprobeError(
    'LABEL_INVALID',
    `expected class numbers below ${classCount}, got given ${given[pixel]}, predicted ${predicted[pixel]} at pixel ${pixel}`,
  );
}

/** Adds `other` to `matrix`, in place: counts of two parts of a data set make those of the whole. */
export function mergeConfusionMatrix(matrix: ConfusionMatrix, other: ConfusionMatrix): void {
  if (matrix.classCount !== other.classCount) {
    throw new SegprobeError(
      'SHAPE_MISMATCH',
      `expected a matrix of ${matrix.classCount} classes, got ${other.classCount}`,
    );
  }
  other.counts.forEach((count, i) => (matrix.counts[i]! += count));
}

/** What a confusion matrix says of a model. Shares are in 0..1. */
export interface SegmentationScores {
  /** Intersection over union by class; null where the class is neither given nor predicted, and for the ignored class. */
  readonly iou: (number | null)[];
  /** Mean over the classes that have an IoU; null when none has. */
  readonly miou: number | null;
  /** Share of counted pixels predicted right; null when none was counted. */
  readonly pixelAccuracy: number | null;
  /** Share of each class's counted pixels predicted as it; null where there is none. */
  readonly accuracy: (number | null)[];
  /** Mean over the classes that have an accuracy; null when none has. */
  readonly classAccuracy: number | null;
  /** Counted pixels by given class. */
  readonly pixels: number[];
  /** Counted pixels by predicted class. */
  readonly predicted: number[];
}

/**
 * Computes the standard scores over a whole data set: `IoU = tp / (tp + fp + fn)`.
 *
 * The ignored class has no row (its pixels were not counted) and no IoU; predicting it on a labelled pixel is a miss.
 * A class that occurs neither in the labels nor in the predictions is null and left out of the mean.
 */
export function scoresOf(matrix: ConfusionMatrix, ignoreIndex: number): SegmentationScores {
  const { classCount, counts } = matrix;
  const pixels = new Array<number>(classCount).fill(0);
  const predicted = new Array<number>(classCount).fill(0);
  let total = 0;
  let right = 0;
  for (let row = 0; row < classCount; row++) {
    for (let column = 0; column < classCount; column++) {
      const count = counts[row * classCount + column]!;
      pixels[row]! += count;
      predicted[column]! += count;
      total += count;
      if (row === column) right += count;
    }
  }
  const iou = pixels.map((given, k) => {
    const hits = counts[k * classCount + k]!;
    const union = given + predicted[k]! - hits;
    return k === ignoreIndex || union === 0 ? null : hits / union;
  });
  const accuracy = pixels.map((given, k) => quotient(counts[k * classCount + k]!, given));
  return {
    iou,
    miou: meanOfKnown(iou),
    pixelAccuracy: quotient(right, total),
    accuracy,
    classAccuracy: meanOfKnown(accuracy),
    pixels,
    predicted,
  };
}

function meanOfKnown(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  const sum = known.reduce((total, value) => total + value, 0);
  return quotient(sum, known.length);
}

function quotient(sum: number, count: number): number | null {
  return count === 0 ? null : sum / count;
}

/**
 * Computes the mean IoU as PyTorch-ENet's own metric does, for comparison with its figures: a labelled pixel predicted as the
 * ignored class is forgiven, as if it were not there. Never below the standard {@link scoresOf}.
 *
 * @returns null when no class has an IoU.
 * @see https://github.com/davidtvs/PyTorch-ENet/blob/e17d404/metric/iou.py
 */
export function ancestorMeanIou(matrix: ConfusionMatrix, ignoreIndex: number): number | null {
  const { classCount, counts } = matrix;
  const isForgiven = (i: number): boolean => i % classCount === ignoreIndex;
  const forgiven = counts.map((count, i) => (isForgiven(i) ? 0 : count));
  return scoresOf({ classCount, counts: forgiven }, ignoreIndex).miou;
}
