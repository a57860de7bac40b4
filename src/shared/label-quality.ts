/** The softmin's temperature: cleanlab's default. */
const TEMPERATURE = 0.1;

/** Sums of a softmin, to which scores are added one by one: flat memory for any number of pixels. */
export interface SoftminSums {
  weighted: number;
  weights: number;
}

/** Builds the sums of no scores. */
export function createSoftmin(): SoftminSums {
  return { weighted: 0, weights: 0 };
}

/** Adds a pixel's score, 0..1: the probability of its given label. */
export function addToSoftmin(sums: SoftminSums, score: number): void {
  const weight = Math.exp((1 - score) / TEMPERATURE);
  sums.weighted += weight * score;
  sums.weights += weight;
}

/** Adds the scores behind `other`. */
export function mergeSoftmin(sums: SoftminSums, other: SoftminSums): void {
  sums.weighted += other.weighted;
  sums.weights += other.weights;
}

/**
 * The label quality: a mean of scores s weighted by exp((1 − s) / 0.1), so that a few pixels of low score count more than many good ones.
 *
 * @returns 0..1; null of no scores.
 * @see Lad and Mueller 2023, arXiv:2307.05080; cleanlab's `segmentation.rank.get_label_quality_scores`
 */
export function softminOf({ weighted, weights }: SoftminSums): number | null {
  return weights === 0 ? null : weighted / weights;
}
