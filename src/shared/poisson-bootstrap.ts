import { type ConfusionMatrix, createConfusionMatrix, scoresOf } from './confusion-matrix.js';
import { createRandom } from './random.js';

/** Replicates of a data set's confusion matrix, each of scenes drawn anew with replacement: as large for a million scenes as for one. */
export interface Bootstrap {
  readonly seed: number;
  readonly matrices: readonly ConfusionMatrix[];
}

/** Builds replicates of no scenes. */
export function createBootstrap(classCount: number, replicates: number, seed = 1): Bootstrap {
  return {
    seed,
    matrices: Array.from({ length: replicates }, () => createConfusionMatrix(classCount)),
  };
}

/**
 * Adds a scene to every replicate as often as a Poisson distribution of mean 1 says: the limit of drawing with replacement, which needs
 * no second look at the data. How often depends on the seed and the scene's index alone, so that two models on the same
 * scenes are compared on the same draws.
 *
 * @see Chamandy et al. 2012, "Estimating Uncertainty for Massive Data Streams"
 */
export function addToBootstrap(
  { seed, matrices }: Bootstrap,
  index: number,
  { counts }: ConfusionMatrix,
): void {
  const random = createRandom(seed, index);
  for (const matrix of matrices) {
    const times = poissonOfOne(random());
    if (times === 0) continue;
    for (let i = 0; i < counts.length; i++) matrix.counts[i]! += times * counts[i]!;
  }
}

/** The mIoU of each replicate; null where no class occurs. */
export function bootstrapMiou({ matrices }: Bootstrap, ignoreIndex: number): (number | null)[] {
  return matrices.map((matrix) => scoresOf(matrix, ignoreIndex).miou);
}

/** The IoU of each class (`[class][replicate]`); null where it does not occur. */
export function bootstrapIou({ matrices }: Bootstrap, ignoreIndex: number): (number | null)[][] {
  const byReplicate = matrices.map((matrix) => scoresOf(matrix, ignoreIndex).iou);
  return (byReplicate[0] ?? []).map((_, k) => byReplicate.map((iou) => iou[k]!));
}

/** The middle `level` of values, e.g. 95 %: percentiles by linear interpolation; null of none. */
export function percentileInterval(
  values: readonly (number | null)[],
  level = 0.95,
): readonly [low: number, high: number] | null {
  const known = values.filter((value) => value !== null).sort((a, b) => a - b);
  if (known.length === 0) return null;
  const at = (share: number): number => {
    const place = share * (known.length - 1);
    const below = Math.floor(place);
    const above = Math.min(below + 1, known.length - 1);
    return known[below]! + (place - below) * (known[above]! - known[below]!);
  };
  return [at((1 - level) / 2), at((1 + level) / 2)];
}

/** The number of which a Poisson variable of mean 1 is at most at `uniform`, 0..1. */
function poissonOfOne(uniform: number): number {
  let [times, share] = [0, Math.exp(-1)];
  for (let sum = share; uniform >= sum && times < 20; sum += share) share /= ++times;
  return times;
}
