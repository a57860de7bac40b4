import { addSignNoise, turnHue } from '../../shared/controls.js';
import { resizePicture } from './resize-picture.js';
import type { RgbPicture } from './rgb-picture.js';

/** Changes that know no victim, at the share of their greatest strength: what the service has under the same names. */
export const CONTROLS: Readonly<Record<string, (rgb: Uint8Array, strength: number) => Uint8Array>> =
  {
    noise: (rgb, strength) => addSignNoise(rgb, Math.round(128 * strength), 1),
    hue: (rgb, strength) => turnHue(rgb, 180 * strength),
  };

/**
 * Makes a share of an attacker's change, as the service does, through 8 bits.
 *
 * @param clean - RGB `[H, W, 3]` flattened.
 * @param attacked - what the attacker made of it: float32 `[1, 3, H, W]` flattened, 0..1.
 * @param strength - the share, 0..1.
 * @returns RGB of the same shape.
 */
export function applyAttack(
  clean: Uint8Array,
  attacked: Float32Array,
  strength: number,
): Uint8Array<ArrayBuffer> {
  const pixels = clean.length / 3;
  // Stores of this kind of array round, halves to the even number, and cut off.
  const perturbed = new Uint8ClampedArray(clean.length);
  for (let c = 0; c < 3; c++) {
    for (let i = 0, at = c; i < pixels; i++, at += 3) {
      const before = Math.fround(clean[at]! / 255);
      const after = attacked[c * pixels + i]!;
      // In steps of float32, as where tensors are added.
      const value = strength === 1 ? after : Math.fround(before + strength * (after - before));
      perturbed[at] = value * 255;
    }
  }
  return new Uint8Array(perturbed.buffer);
}

/** How far the value that changes most changes, in 1/255. */
export function greatestChange(clean: Uint8Array, perturbed: Uint8Array): number {
  let greatest = 0;
  for (let i = 0; i < clean.length; i++) {
    const change = Math.abs(perturbed[i]! - clean[i]!);
    if (change > greatest) greatest = change;
  }
  return greatest;
}

/** Takes changes of more than `epsilon` / 255 back to it, in place. */
export function limitChange(
  clean: Uint8Array,
  perturbed: Uint8Array<ArrayBuffer>,
  epsilon: number | null,
): Uint8Array<ArrayBuffer> {
  if (epsilon === null) return perturbed;
  for (let i = 0; i < clean.length; i++) {
    const change = perturbed[i]! - clean[i]!;
    if (change > epsilon) perturbed[i] = clean[i]! + epsilon;
    else if (change < -epsilon) perturbed[i] = clean[i]! - epsilon;
  }
  return perturbed;
}

/**
 * Carries the change of a picture over to the same picture in another size: both are scaled bilinearly, and what differs is
 * added, so that the larger picture keeps its detail.
 *
 * @param clean - the picture in the size that it was changed in.
 * @param perturbed - RGB of the same size.
 * @returns the changed picture in the size of `original`.
 */
export function liftChange(
  clean: RgbPicture,
  perturbed: RgbPicture,
  original: RgbPicture,
): RgbPicture {
  if (original.height === clean.height && original.width === clean.width) return perturbed;
  const before = resizePicture(clean, original).data;
  const after = resizePicture(perturbed, original).data;
  const lifted = new Uint8ClampedArray(original.data.length);
  for (let i = 0; i < lifted.length; i++) {
    lifted[i] = original.data[i]! + after[i]! - before[i]!;
  }
  return { ...original, data: new Uint8Array(lifted.buffer) };
}
