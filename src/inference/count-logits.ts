import type { ConfusionMatrix } from '../shared/confusion-matrix.js';

/**
 * Takes the class of the greatest logit at every pixel (of equal ones the lowest, as `argmaxOverClasses`) and counts it at
 * once: the logits, the largest array of an evaluation, are read one time.
 *
 * @param matrix - added to in place; has at least `planes` classes.
 * @param logits - float32 `[1, K, H, W]` flattened.
 * @param planes - K.
 * @param given - class numbers of the data set, `[H, W]` flattened, each a class of `matrix`.
 * @param ignoreIndex - pixels given this class are left out.
 * @returns the predicted class numbers, uint8 `[H, W]` flattened.
 */
export function countLogits(
  { counts, classCount }: ConfusionMatrix,
  logits: Float32Array,
  planes: number,
  given: Uint8Array,
  ignoreIndex: number,
): Uint8Array {
  const pixels = given.length;
  const predicted = new Uint8Array(pixels);
  for (let i = 0; i < pixels; i++) {
    let best = logits[i]!;
    let column = 0;
    for (let k = 1, at = i + pixels; k < planes; k++, at += pixels) {
      const value = logits[at]!;
      if (value > best) {
        best = value;
        column = k;
      }
    }
    predicted[i] = column;
    const row = given[i]!;
    if (row !== ignoreIndex) counts[row * classCount + column]!++;
  }
  return predicted;
}
