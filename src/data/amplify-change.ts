/** Changes that are next to nothing shall look so. */
const GREATEST_GAIN = 32;

/**
 * How much changes may be amplified so that the greatest of them fits into 8 bits around grey.
 * @param linf - the greatest change of a value, 0..1.
 */
export function gainFor(linf: number): number {
  return Math.max(1, Math.min(GREATEST_GAIN, Math.floor(127 / (255 * linf))));
}

/** Shows how a picture was changed: 128 where it was not, above where it became brighter; what does not fit is cut off. */
export function amplifyChange(before: Uint8Array, after: Uint8Array, gain: number): Uint8Array {
  const shown = new Uint8ClampedArray(before.length);
  for (let i = 0; i < shown.length; i++) shown[i] = 128 + gain * (after[i]! - before[i]!);
  return new Uint8Array(shown.buffer);
}
