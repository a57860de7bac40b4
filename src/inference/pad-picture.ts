import type { Size } from '../data/dataset.js';
import type { RgbPicture } from './resize-picture.js';

/** A victim halves its input three times. */
const SIZE_STEP = 8;

/** The least size that a victim takes and that holds `size`: multiples of 8. */
export function paddedSize({ height, width }: Size): Size {
  const up = (length: number): number => Math.ceil(length / SIZE_STEP) * SIZE_STEP;
  return { height: up(height), width: up(width) };
}

/**
 * Pads a picture to the right and below with the pixels of its edge.
 *
 * @param size - no smaller than the picture's.
 * @returns RGB `[size.height, size.width, 3]` flattened; the picture's own array when it has that size.
 */
export function padPicture({ data, height, width }: RgbPicture, size: Size): Uint8Array {
  if (size.height === height && size.width === width) return data;
  const padded = new Uint8Array(size.height * size.width * 3);
  const stride = size.width * 3;
  for (let y = 0; y < size.height; y++) {
    const from = Math.min(y, height - 1) * width * 3;
    const to = y * stride;
    padded.set(data.subarray(from, from + width * 3), to);
    for (let at = to + width * 3; at < to + stride; at++) padded[at] = padded[at - 3]!;
  }
  return padded;
}

/**
 * Cuts a label map off on the right and below.
 *
 * @param labels - class numbers, `[from.height, from.width]` flattened.
 * @returns class numbers, `[to.height, to.width]` flattened; `labels` itself when the sizes are the same.
 */
export function cropLabelMap(labels: Uint8Array, from: Size, to: Size): Uint8Array {
  if (from.height === to.height && from.width === to.width) return labels;
  const cropped = new Uint8Array(to.height * to.width);
  for (let y = 0; y < to.height; y++) {
    const start = y * from.width;
    cropped.set(labels.subarray(start, start + to.width), y * to.width);
  }
  return cropped;
}
