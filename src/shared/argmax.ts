import { SegprobeError } from './errors.js';

/**
 * Takes the class of the greatest logit at every pixel; of equal ones the lowest class.
 *
 * @param logits - float32 `[1, K, H, W]` flattened, K up to 256.
 * @param classCount - K.
 * @returns class numbers, uint8 `[H, W]` flattened.
 * @throws SegprobeError `SHAPE_MISMATCH` if the logits do not divide into `classCount` planes.
 */
export function argmaxOverClasses(
  logits: Float32Array,
  classCount: number,
): Uint8Array<ArrayBuffer> {
  const pixels = logits.length / classCount;
  if (!Number.isInteger(pixels) || classCount < 1 || classCount > 256) {
    throw new SegprobeError(
      'SHAPE_MISMATCH',
      `expected logits in 1 to 256 planes of one size, got ${logits.length} numbers for ${classCount} classes`,
    );
  }
  const labels = new Uint8Array(pixels);
  const whole = pixels - (pixels % 4);
  // Four pixels at a time, whose logits lie side by side in each plane: two to three times as fast as one by one.
  for (let i = 0; i < whole; i += 4) {
    let best0 = logits[i]!;
    let best1 = logits[i + 1]!;
    let best2 = logits[i + 2]!;
    let best3 = logits[i + 3]!;
    let class0 = 0;
    let class1 = 0;
    let class2 = 0;
    let class3 = 0;
    for (let k = 1, at = i + pixels; k < classCount; k++, at += pixels) {
      const value0 = logits[at]!;
      const value1 = logits[at + 1]!;
      const value2 = logits[at + 2]!;
      const value3 = logits[at + 3]!;
      if (value0 > best0) {
        best0 = value0;
        class0 = k;
      }
      if (value1 > best1) {
        best1 = value1;
        class1 = k;
      }
      if (value2 > best2) {
        best2 = value2;
        class2 = k;
      }
      if (value3 > best3) {
        best3 = value3;
        class3 = k;
      }
    }
    labels[i] = class0;
    labels[i + 1] = class1;
    labels[i + 2] = class2;
    labels[i + 3] = class3;
  }
  for (let i = whole; i < pixels; i++) labels[i] = argmaxAt(logits, i, pixels);
  return labels;
}

/** The class of one pixel. */
function argmaxAt(logits: Float32Array, pixel: number, pixels: number): number {
  let best = pixel;
  for (let at = pixel + pixels; at < logits.length; at += pixels) {
    if (logits[at]! > logits[best]!) best = at;
  }
  return (best - pixel) / pixels;
}
