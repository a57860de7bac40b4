/** What two judges say of the labels of an image. */
export interface ImageSigns {
  /** Softmin of the probabilities of the given labels, 0..1; null without labels. */
  readonly labelQuality: number | null;
  /** The score of its likeliest suspect, 0..1; 0 without any. */
  readonly likeliest: number;
}

/**
 * Says how suspicious the labels of each image are among those of a split: by how many standard deviations its likeliest suspect's
 * score lies above the mean, or its label quality below it, whichever is more.
 *
 * Neither alone will do: where labels have noise of their own, as CamVid's do, the suspects find more of the damaged
 * images; where they have none, the softmin does. Chosen among sums, products, ranks and maxima of the two on planted faults: see
 * `bench/label-faults`.
 *
 * @returns standard deviations, in the images' order; 0 is the mean of whichever is more.
 */
export function suspicionsOf(images: readonly ImageSigns[]): number[] {
  const byQuality = standardScores(images.map(({ labelQuality }) => -(labelQuality ?? 1)));
  const byLikeliest = standardScores(images.map(({ likeliest }) => likeliest));
  return byQuality.map((score, i) => Math.max(score, byLikeliest[i]!));
}

/** How many standard deviations each value lies above the mean; 0 where all are equal. */
function standardScores(values: readonly number[]): number[] {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const deviation = Math.sqrt(squares / values.length);
  return values.map((value) => (deviation > 0 ? (value - mean) / deviation : 0));
}
