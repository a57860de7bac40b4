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
  // Plane by plane: the logits are read in the order in which they lie in memory.
  const best = logits.slice(0, pixels);
  for (let k = 1; k < classCount; k++) {
    const plane = k * pixels;
    for (let i = 0; i < pixels; i++) {
      const value = logits[plane + i]!;
      if (value > best[i]!) {
        best[i] = value;
        labels[i] = k;
      }
    }
  }
  return labels;
}
