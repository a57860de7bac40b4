/**
 * Rounds a perturbed picture to 8 bits a channel so that its budget still holds: to the nearest step, and towards the clean
 * picture where that would lead out.
 *
 * @param clean - uint8, `[H, W, 3]` flattened.
 * @param perturbed - in 0..1, in the same order.
 * @param epsilon - in units of 1; for L2 of the whole picture.
 * @returns uint8 in the same order.
 */
export function roundWithinBudget(
  clean: Uint8Array,
  perturbed: Float32Array,
  { norm, epsilon }: { readonly norm: 'linf' | 'l2'; readonly epsilon: number },
): Uint8Array<ArrayBuffer> {
  // Stores of this kind of array cut off below 0 and above 255.
  const rounded = new Uint8ClampedArray(clean.length);
  if (norm === 'linf') {
    const most = Math.floor(255 * epsilon + 1e-6);
    for (let i = 0; i < clean.length; i++) {
      const change = Math.round(255 * perturbed[i]! - clean[i]!);
      rounded[i] = clean[i]! + Math.max(-most, Math.min(most, change));
    }
    return new Uint8Array(rounded.buffer);
  }
  for (const round of [Math.round, Math.trunc]) {
    let squares = 0;
    for (let i = 0; i < clean.length; i++) {
      // A float32 picture is not exactly on the steps that it stands for.
      const exact = 255 * perturbed[i]! - clean[i]!;
      rounded[i] = clean[i]! + round(exact);
      squares += (rounded[i]! - clean[i]!) ** 2;
    }
    if (Math.sqrt(squares) <= 255 * epsilon) break;
  }
  return new Uint8Array(rounded.buffer);
}
