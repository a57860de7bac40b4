import type { Rgb } from '../../shared/classes.js';

/** Pixels of other classes than the one that is followed. */
const DIMMED = 0.16;
/** Of a picture's colours beneath the pixels that changed their class. */
const FADED = 0.22;

/**
 * Paints class numbers with the classes' colours.
 *
 * @param labels - `[H, W]` flattened.
 * @param follow - a class to follow: the others are all but transparent.
 * @returns RGBA `[H, W, 4]` flattened.
 */
export function paintLabels(
  labels: Uint8Array,
  palette: readonly Rgb[],
  follow: number | null,
): Uint8ClampedArray<ArrayBuffer> {
  const inks = palette.map(([red, green, blue], k) =>
    packRgba(red, green, blue, follow === null || follow === k ? 255 : 255 * DIMMED),
  );
  const ink = Uint32Array.from(inks);
  const painted = new Uint32Array(labels.length);
  for (let i = 0; i < labels.length; i++) painted[i] = ink[labels[i]!]!;
  return new Uint8ClampedArray(painted.buffer);
}

/**
 * Shows how a picture was changed: middle grey where it was not; what does not fit is cut off.
 *
 * @param gain - how much changes are amplified.
 * @returns RGBA `[H, W, 4]` flattened.
 */
export function paintDifference(
  before: Uint8Array,
  after: Uint8Array,
  gain: number,
): Uint8ClampedArray<ArrayBuffer> {
  const pixels = before.length / 3;
  const painted = new Uint8ClampedArray(4 * pixels);
  for (let i = 0, from = 0, to = 0; i < pixels; i++, from += 3, to += 4) {
    painted[to] = 128 + gain * (after[from]! - before[from]!);
    painted[to + 1] = 128 + gain * (after[from + 1]! - before[from + 1]!);
    painted[to + 2] = 128 + gain * (after[from + 2]! - before[from + 2]!);
    painted[to + 3] = 255;
  }
  return painted;
}

/**
 * Shows which pixels changed their class: with the colour of the class that they became, the rest as the picture in faint grey.
 *
 * @param follow - only pixels that were of this class.
 * @returns RGBA `[H, W, 4]` flattened.
 */
export function paintChanged(
  picture: Uint8Array,
  { before, after }: { readonly before: Uint8Array; readonly after: Uint8Array },
  palette: readonly Rgb[],
  follow: number | null,
): Uint8ClampedArray<ArrayBuffer> {
  const ink = Uint32Array.from(palette, ([red, green, blue]) => packRgba(red, green, blue, 255));
  const painted = new Uint32Array(before.length);
  for (let i = 0, from = 0; i < before.length; i++, from += 3) {
    const isShown = before[i] !== after[i] && (follow === null || before[i] === follow);
    if (isShown) {
      painted[i] = ink[after[i]!]!;
    } else {
      const luma = 0.299 * picture[from]! + 0.587 * picture[from + 1]! + 0.114 * picture[from + 2]!;
      const grey = FADED * luma;
      painted[i] = packRgba(grey, grey, grey, 255);
    }
  }
  return new Uint8ClampedArray(painted.buffer);
}

/** The bytes red, green, blue, opacity in this order in memory; every browser runs on little-endian processors. */
function packRgba(red: number, green: number, blue: number, opacity: number): number {
  return ((opacity << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}
