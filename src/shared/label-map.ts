import type { Size } from './size.js';

/**
 * Resizes a label map to the nearest pixel: target pixel `i` takes source pixel `floor((i + 0.5) * from / to)` along
 * each axis, so that no class number arises that was not there.
 *
 * @param labels - class numbers, `[from.height, from.width]` flattened.
 * @returns class numbers, `[to.height, to.width]` flattened; `labels` itself when the sizes are the same.
 */
export function resizeLabelMap(labels: Uint8Array, from: Size, to: Size): Uint8Array {
  if (from.height === to.height && from.width === to.width) return labels;
  const columns = nearestIndices(from.width, to.width);
  const rows = nearestIndices(from.height, to.height);
  const resized = new Uint8Array(to.height * to.width);
  let at = 0;
  for (const row of rows) {
    const start = row * from.width;
    for (const column of columns) resized[at++] = labels[start + column]!;
  }
  return resized;
}

/** Whole numbers until the division, so that rounding cannot move a pixel. */
function nearestIndices(from: number, to: number): number[] {
  return Array.from({ length: to }, (_, i) => Math.floor(((2 * i + 1) * from) / (2 * to)));
}
