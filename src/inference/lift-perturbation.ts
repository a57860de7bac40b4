import { resizePicture, type RgbPicture } from './resize-picture.js';

/**
 * Carries the change of a picture over to the same picture in another size: both are scaled bilinearly, and what differs is
 * added. The larger picture keeps its detail, and where nothing changed it stays as it was, to the byte.
 *
 * @param clean - the picture as it was, in the size that it was changed in.
 * @param perturbed - RGB of the same size.
 * @param original - the picture in its own size, changed in place; what leaves 0..255 is cut off.
 */
export async function liftPerturbation(
  clean: RgbPicture,
  perturbed: Uint8Array,
  original: RgbPicture,
): Promise<void> {
  const [before, after] = await Promise.all([
    resizePicture(clean, original),
    resizePicture({ ...clean, data: perturbed }, original),
  ]);
  const { data } = original;
  for (let i = 0; i < data.length; i++) {
    data[i] = Math.min(255, Math.max(0, data[i]! + after[i]! - before[i]!));
  }
}
