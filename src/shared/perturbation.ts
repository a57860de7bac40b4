import { SegprobeError } from './errors.js';
import { simd } from './simd.js';
import { structuralSimilarity } from './structural-similarity.js';

/** How far a perturbed picture is from the clean one, both of 8 bits a channel; colours run from 0 to 1. */
export interface Perturbation {
  /** Euclidean norm of the difference over all pixels and channels: √(3 · H · W) would be black against white. */
  readonly l2: number;
  /** The greatest difference of any channel of any pixel, 0..1. */
  readonly linf: number;
  /** Peak signal-to-noise ratio in decibels, 10 · log₁₀(1 / mean squared difference); null where nothing changed. */
  readonly psnrDb: number | null;
  /** Structural similarity of the luma, −1..1; null for a picture smaller than its window. */
  readonly ssim: number | null;
}

/**
 * Measures what an attack did to a picture.
 *
 * @param clean - RGB, uint8 `[H, W, 3]` flattened.
 * @param perturbed - the same shape.
 * @throws SegprobeError `SHAPE_MISMATCH` where an array has not 3 · H · W values.
 */
export function measurePerturbation(
  clean: Uint8Array,
  perturbed: Uint8Array,
  size: { readonly height: number; readonly width: number },
): Perturbation {
  const length = 3 * size.height * size.width;
  if (clean.length !== length || perturbed.length !== length) {
    throw new SegprobeError(
      'SHAPE_MISMATCH',
      `expected two RGB pictures of ${size.width}×${size.height}, got ${clean.length} and ${perturbed.length} values`,
    );
  }
  const { squares, greatest } = compareBytes(clean, perturbed);
  return {
    l2: Math.sqrt(squares) / 255,
    linf: greatest / 255,
    psnrDb: squares === 0 ? null : 10 * Math.log10((length * 255 * 255) / squares),
    ssim: structuralSimilarity(clean, perturbed, size),
  };
}

/** The sum of the squares of all differences, exact up to 2^53, and the greatest difference. */
function compareBytes(a: Uint8Array, b: Uint8Array): { squares: number; greatest: number } {
  const wasm = simd();
  const memory = new Uint8Array(wasm.memory.buffer);
  const [first, second] = [wasm.firstBytes(), wasm.secondBytes()];
  const block = wasm.differenceBlock();
  let squares = 0;
  let greatest = 0;
  for (let start = 0; start < a.length; start += block) {
    const taken = a.subarray(start, start + block);
    memory.set(taken, first);
    memory.set(b.subarray(start, start + block), second);
    wasm.compareBytes(taken.length);
    squares += wasm.sumOfSquares();
    greatest = Math.max(greatest, wasm.greatestDifference());
  }
  return { squares, greatest };
}

/** Perturbations of many pictures, added up one by one. */
export interface PerturbationSums {
  pictures: number;
  l2: number;
  linf: number;
  psnrDb: number;
  /** Pictures that changed, and so have a PSNR. */
  changed: number;
  ssim: number;
  /** Pictures large enough for an SSIM. */
  compared: number;
}

/** Builds sums of no pictures. */
export function createPerturbationSums(): PerturbationSums {
  return { pictures: 0, l2: 0, linf: 0, psnrDb: 0, changed: 0, ssim: 0, compared: 0 };
}

/** Adds one picture's perturbation to `sums`, in place. */
export function addPerturbation(sums: PerturbationSums, one: Perturbation): void {
  sums.pictures++;
  sums.l2 += one.l2;
  sums.linf = Math.max(sums.linf, one.linf);
  if (one.psnrDb !== null) {
    sums.psnrDb += one.psnrDb;
    sums.changed++;
  }
  if (one.ssim !== null) {
    sums.ssim += one.ssim;
    sums.compared++;
  }
}

/** A perturbation of a data set; null what no picture has. */
export interface MeanPerturbation {
  /** Mean over the pictures. */
  readonly l2: number | null;
  /** The greatest of any picture, so that an attack's bound can be read off. */
  readonly linf: number | null;
  /** Mean over the pictures that changed at all. */
  readonly psnrDb: number | null;
  /** Mean over the pictures. */
  readonly ssim: number | null;
}

/** Averages over the pictures that were added. */
export function meanPerturbation(sums: PerturbationSums): MeanPerturbation {
  const { pictures, changed, compared } = sums;
  return {
    l2: pictures === 0 ? null : sums.l2 / pictures,
    linf: pictures === 0 ? null : sums.linf,
    psnrDb: changed === 0 ? null : sums.psnrDb / changed,
    ssim: compared === 0 ? null : sums.ssim / compared,
  };
}
