import type { ClassPixels } from './class-pixels.js';

/** How classes are weighed in the loss, by the names of the ancestors' `--weighing`. */
export const WEIGHING_SCHEMES = ['enet', 'mfb', 'none'] as const;
export type WeighingScheme = (typeof WEIGHING_SCHEMES)[number];

/** ENet's constant c: weights lie between 1 / ln(1 + c) and 1 / ln(c), here 1.4 and 50.5. */
const ENET_C = 1.02;

type Weigh = (pixels: ClassPixels) => number[];

const SCHEMES = {
  // 1 / ln(c + p), where p is the share of all pixels (ENet, section 5.1).
  enet: ({ pixelCounts }) => {
    const total = pixelCounts.reduce((sum, count) => sum + count, 0);
    return pixelCounts.map((count) => 1 / Math.log(ENET_C + (total === 0 ? 0 : count / total)));
  },
  // Median frequency over frequency, which is the share among the pixels of the images that have the class
  // (Eigen and Fergus, section 6.3.2). A class that never occurs has no frequency, and weighs nothing.
  mfb: ({ pixelCounts, pixelsWherePresent }) => {
    const frequencies = pixelCounts.map((count, k) => count / pixelsWherePresent[k]!);
    const median = medianOf(frequencies.filter((frequency) => !Number.isNaN(frequency)));
    return frequencies.map((frequency) => (Number.isNaN(frequency) ? 0 : median / frequency));
  },
  none: ({ pixelCounts }) => pixelCounts.map(() => 1),
} as const satisfies Record<WeighingScheme, Weigh>;

/**
 * Computes the weight of each class in the loss, the ignored class counted like any other.
 *
 * @param scheme - `enet`: 1 / ln(1.02 + p); `mfb`: median frequency balancing; `none`: 1 for all.
 * @returns a weight a class, 0 or more.
 * @see ENet, arXiv:1606.02147, section 5.1
 * @see Eigen and Fergus, arXiv:1411.4734, section 6.3.2
 */
export function classWeights(scheme: WeighingScheme, pixels: ClassPixels): number[] {
  return SCHEMES[scheme](pixels);
}

/** The same weights with the ignored class's at 0, so that its pixels count for nothing. */
export function withoutIgnored(weights: readonly number[], ignoreIndex: number): number[] {
  return weights.map((weight, k) => (k === ignoreIndex ? 0 : weight));
}

/** The middle value, or the mean of the two in the middle; NaN of nothing. */
function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return (sorted[Math.ceil(middle) - 1]! + sorted[Math.floor(middle)]!) / 2;
}
