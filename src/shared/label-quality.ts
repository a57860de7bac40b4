/** The softmin's temperature: cleanlab's default. */
const TEMPERATURE = 0.1;

/** Sums of a softmin by class, to which scores are added one by one: flat memory for any number of pixels. */
export interface SoftminSums {
  readonly weighted: Float64Array;
  readonly weights: Float64Array;
}

/** Builds the sums of no scores. */
export function createSoftmin(classCount: number): SoftminSums {
  return { weighted: new Float64Array(classCount), weights: new Float64Array(classCount) };
}

/**
 * Adds the pixels of a label map.
 *
 * @param label - given class numbers, each below the class count.
 * @param scores - as many: the probability of each given label, 0..1.
 * @param ignoreIndex - pixels given this class are left out.
 */
export function addToSoftmin(
  { weighted, weights }: SoftminSums,
  label: Uint8Array,
  scores: Float32Array,
  ignoreIndex: number,
): void {
  // Labels come in runs of one class: its sums stay at hand for as long as a run lasts.
  for (let i = 0; i < label.length;) {
    const given = label[i]!;
    let [sum, total] = [0, 0];
    do {
      const score = scores[i]!;
      const weight = exponential((1 - score) / TEMPERATURE);
      sum += weight * score;
      total += weight;
      i++;
    } while (label[i] === given);
    if (given === ignoreIndex) continue;
    weighted[given]! += sum;
    weights[given]! += total;
  }
}

/** Places of e^x that are known; between them the series is as exact (10⁻¹³), and a third of `Math.exp`'s time. */
const STEPS = 128;
const EXPONENTIALS = Float64Array.from({ length: STEPS / TEMPERATURE + 2 }, (_, i) =>
  Math.exp(i / STEPS),
);

/** e^x of 0 … 1 / TEMPERATURE. */
function exponential(x: number): number {
  const place = Math.trunc(x * STEPS + 0.5);
  const rest = x - place / STEPS;
  return EXPONENTIALS[place]! * (1 + rest * (1 + rest * (0.5 + rest * (1 / 6 + rest / 24))));
}

/** Adds the scores behind `other`, in place. */
export function mergeSoftmin(sums: SoftminSums, other: SoftminSums): void {
  other.weighted.forEach((weighted, k) => (sums.weighted[k]! += weighted));
  other.weights.forEach((weight, k) => (sums.weights[k]! += weight));
}

/**
 * The label quality: a mean of scores s weighted by exp((1 − s) / 0.1), so that a few pixels of low score count more than many good ones.
 *
 * @returns 0..1, of all pixels and of those of each class; null of none.
 * @see Lad and Mueller 2023, arXiv:2307.05080; cleanlab's `segmentation.rank.get_label_quality_scores`
 */
export function labelQuality({ weighted, weights }: SoftminSums): {
  readonly all: number | null;
  readonly byClass: readonly (number | null)[];
} {
  const meanOf = (sum: number, weight: number): number | null =>
    weight === 0 ? null : sum / weight;
  const total = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0);
  return {
    all: meanOf(total(weighted), total(weights)),
    byClass: Array.from(weighted, (sum, k) => meanOf(sum, weights[k]!)),
  };
}
