import { SegprobeError } from './errors.js';

/** Height and width in pixels. */
interface Size {
  readonly height: number;
  readonly width: number;
}

/**
 * Checks that every pixel is a class number.
 *
 * @param labels - whole numbers, `[H, W]` flattened: `labels[y * width + x]`.
 * @param what - names the label map in the message.
 * @throws SegprobeError `LABEL_INVALID` naming the first wrong value, its place, and how many pixels are wrong.
 */
export function assertClassNumbers(
  labels: ArrayLike<number>,
  width: number,
  classCount: number,
  what: string,
): void {
  let first = -1;
  let wrong = 0;
  for (let i = 0; i < labels.length; i++) {
    if (labels[i]! < classCount) continue;
    if (first < 0) first = i;
    wrong++;
  }
  if (wrong === 0) return;
  const place = `(${first % width}, ${Math.floor(first / width)})`;
  throw new SegprobeError(
    'LABEL_INVALID',
    `${what}: expected class numbers 0..${classCount - 1}, got ${labels[first]} at pixel ${place}; ` +
      `${wrong} of ${labels.length} pixels are no class`,
  );
}

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
