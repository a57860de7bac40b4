import { simd } from './simd.js';
import type { Size } from './size.js';

/** Taps of the window along each axis. */
export const SSIM_WINDOW = 11;

/**
 * Computes the structural similarity of two pictures of 8 bits: the mean over all windows that lie within the picture,
 * 11×11 Gaussian with σ 1.5, of the luma (0.299 R + 0.587 G + 0.114 B), as the paper does. In float32, to 1e-6.
 *
 * Four blurred maps suffice: of the sum s and the difference d of the two lumas, and of s² and d², since
 * 2xy = (s² − d²) / 2 and x² + y² = (s² + d²) / 2. Rows are blurred along x once and kept while a window needs them, a
 * strip of the picture at a time, so that memory is the same for every picture.
 *
 * @param a - RGB, `[H, W, 3]` flattened.
 * @param b - RGB, the same shape.
 * @returns −1..1, 1 for equal pictures; null where the picture is smaller than the window.
 * @see Wang, Bovik, Sheikh, Simoncelli: Image quality assessment: from error visibility to structural similarity, 2004
 */
export function structuralSimilarity(
  a: Uint8Array,
  b: Uint8Array,
  { height, width }: Size,
): number | null {
  const columns = width - SSIM_WINDOW + 1;
  const rows = height - SSIM_WINDOW + 1;
  if (columns < 1 || rows < 1) return null;
  const wasm = simd();
  const memory = new Uint8Array(wasm.memory.buffer);
  const [first, second] = [wasm.firstRow(), wasm.secondRow()];
  const strip = wasm.stripColumns();
  let total = 0;
  // Strips overlap, so that each window lies in one.
  for (let left = 0; left < columns; left += strip - SSIM_WINDOW + 1) {
    const taken = Math.min(strip, width - left);
    wasm.beginSimilarity(taken);
    for (let y = 0; y < height; y++) {
      const at = 3 * (y * width + left);
      memory.set(a.subarray(at, at + 3 * taken), first);
      memory.set(b.subarray(at, at + 3 * taken), second);
      wasm.addSimilarityRow();
    }
    total += wasm.sumOfSimilarities();
  }
  return total / (rows * columns);
}
