import type { Rgb } from './classes.js';

/** Counts the pixels of each class. */
export function countLabels(labels: Uint8Array, classCount: number): number[] {
  const counts = new Uint32Array(classCount);
  // By index: an iterator over pixels is ten times slower, and garbage at each of them.
  for (let i = 0; i < labels.length; i++) counts[labels[i]!]!++;
  return Array.from(counts);
}

/**
 * Blends each pixel with the colour of its class, in place.
 *
 * @param rgb - uint8 `[H, W, 3]` flattened.
 * @param labels - class numbers `[H, W]` flattened, each with a colour in `palette`.
 * @param opacity - of the colour, 0..1.
 */
export function paintOver(
  rgb: Uint8Array,
  labels: Uint8Array,
  palette: readonly Rgb[],
  opacity: number,
): void {
  const shares = palette.map((color) => color.map((channel) => channel * opacity));
  const keep = 1 - opacity;
  for (let i = 0, at = 0; i < labels.length; i++, at += 3) {
    const [red, green, blue] = shares[labels[i]!] as [number, number, number];
    rgb[at] = rgb[at]! * keep + red + 0.5;
    rgb[at + 1] = rgb[at + 1]! * keep + green + 0.5;
    rgb[at + 2] = rgb[at + 2]! * keep + blue + 0.5;
  }
}
