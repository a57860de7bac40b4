import { type Perturbation, measurePerturbation } from '../../shared/perturbation.js';
import type { Control, Rgb8 } from './control.js';

/** How near to the wanted PSNR is near enough, in dB. */
const TOLERANCE_DB = 0.1;
const MAX_TRIES = 16;

export interface Matched {
  readonly picture: Uint8Array;
  readonly strength: number;
  readonly perturbation: Perturbation;
}

/**
 * Applies a control as strongly as it takes for a PSNR, by bisection of the strength; where the control cannot change the picture
 * so little or so much, as near as it can.
 *
 * @param psnrDb - in dB, e.g. that of an attack that the control is compared with.
 */
export async function matchPsnr(
  control: Control,
  picture: Rgb8,
  psnrDb: number,
  seed = 1,
): Promise<Matched> {
  let [low, high] = control.range;
  let best: Matched | undefined;
  const distanceOf = ({ perturbation }: Matched): number =>
    Math.abs((perturbation.psnrDb ?? Infinity) - psnrDb);
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const middle = (low + high) / 2;
    const strength = control.isWhole ? Math.round(middle) : middle;
    const changed = await control.apply(picture, strength, seed);
    const perturbation = measurePerturbation(picture.data, changed, picture);
    const found = { picture: changed, strength, perturbation };
    if (best === undefined || distanceOf(found) < distanceOf(best)) best = found;
    if (distanceOf(found) <= TOLERANCE_DB) break;
    if ((perturbation.psnrDb ?? Infinity) > psnrDb) low = middle;
    else high = middle;
    if (control.isWhole && high - low < 0.5) break;
  }
  return best!;
}
