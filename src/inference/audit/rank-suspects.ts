import type { ConfusionMatrix } from '../../shared/confusion-matrix.js';
import type { SuspectRegion } from './suspect-regions.js';

/** Pixels that every pair of classes is taken to have been confused in, so that what was never seen is not impossible. */
const PRIOR_PIXELS = 100;
/** The evidence at which a score is one half: a region of 150 pixels, a margin of 1 and odds of 7 to 1. */
const HALF_EVIDENCE = 10;

/**
 * Says how much a region looks like a fault of its label rather than of the victim.
 *
 * The evidence is the victim's margin × the logarithm of how many times likelier it is to say the suggested class of pixels of that
 * class than of pixels of the given one × the logarithm of the region's pixels. So what the victim confuses everywhere (poles
 * with the buildings behind them) counts little, however sure it is, and a car that is labelled road counts much. The region itself is left out
 * of those odds. Chosen among products of powers on planted faults: see `bench/label-faults`.
 *
 * @param matrix - pixels by given and predicted class, of the whole split.
 * @returns evidence / (10 + evidence), 0..1.
 */
export function scoreSuspect(
  { given, suggested, pixels, margin }: SuspectRegion,
  { classCount, counts }: ConfusionMatrix,
): number {
  const rate = (row: number, without: number): number => {
    let total = PRIOR_PIXELS * classCount;
    for (let k = 0; k < classCount; k++) total += counts[row * classCount + k]!;
    return (Math.max(0, counts[row * classCount + suggested]! - without) + PRIOR_PIXELS) / total;
  };
  const odds = rate(suggested, 0) / rate(given, pixels);
  const evidence = margin * Math.max(0, Math.log(odds)) * Math.log(pixels);
  return evidence / (HALF_EVIDENCE + evidence);
}
