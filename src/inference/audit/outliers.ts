/** How far a picture is from the rest. */
export interface Outlier {
  /** In the list that was given. */
  readonly number: number;
  /** The greatest of its figures' distances from their medians, in robust standard deviations. */
  readonly distance: number;
  /** Which figure that is. */
  readonly figure: number;
}

/** Of a normal distribution, the standard deviation by the median absolute deviation. */
const DEVIATION_BY_MAD = 1.4826;
/** Nearer ones are not told. */
const LEAST_DISTANCE = 5;

/**
 * Finds pictures unlike the rest: one of whose figures is far from the median of all.
 *
 * @param looks - a row of figures for each picture.
 * @returns those of 5 deviations and more, the farthest first.
 */
export function findOutliers(looks: readonly (readonly number[])[]): Outlier[] {
  const figures = looks[0]?.length ?? 0;
  const farthest = looks.map((_, number) => ({ number, distance: 0, figure: 0 }));
  for (let figure = 0; figure < figures; figure++) {
    const values = looks.map((look) => look[figure]!);
    const middle = median(values);
    // A figure that hardly varies, such as the share of a rare class, must not make every picture an outlier.
    const spread = Math.max(
      DEVIATION_BY_MAD * median(values.map((v) => Math.abs(v - middle))),
      0.02,
    );
    values.forEach((value, number) => {
      const distance = Math.abs(value - middle) / spread;
      if (distance > farthest[number]!.distance) farthest[number] = { number, distance, figure };
    });
  }
  return farthest
    .filter(({ distance }) => distance >= LEAST_DISTANCE)
    .sort((a, b) => b.distance - a.distance);
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}
