import { loadBatches } from '../data/batches.js';
import type { Dataset } from '../data/dataset.js';
import {
  countPixels,
  createConfusionMatrix,
  scoresOf,
  type SegmentationScores,
} from '../shared/confusion-matrix.js';
import { SegprobeError } from '../shared/errors.js';
import type { Attacker } from './attacker.js';
import type { EvaluateOptions } from './evaluate.js';
import { yieldToEvents } from './events.js';

/** How far a float32 sum of a picture and a perturbation may be from what it stands for. */
const ROUNDING = 1e-6;

/** The victim under an attack on a whole split; pictures count once they are pictures of 8 bits. */
export interface AttackEvaluation extends SegmentationScores {
  readonly images: number;
  /** Mean over the images of 10·log10(1 / mean square difference), dB; null where a picture was not changed at all. */
  readonly psnrDb: number | null;
  /** The largest difference of any image, in 0..1. */
  readonly linf: number;
}

/**
 * Attacks every scene of a split and counts what the victim predicts: the standard IoU over the whole split.
 *
 * @param options - `maxLinf`: what no pixel may differ by more.
 * @throws SegprobeError `BUDGET_EXCEEDED` if one does.
 */
export async function evaluateAttacker(
  attacker: Attacker,
  dataset: Dataset,
  options: EvaluateOptions & { readonly maxLinf?: number | undefined },
): Promise<AttackEvaluation> {
  const total = Math.min(options.limit ?? Infinity, dataset.length);
  const { classes, ignoreIndex } = dataset.classTable;
  const matrix = createConfusionMatrix(classes.length);
  const order = Array.from({ length: total }, (_, i) => i);
  let [done, decibels, largest] = [0, 0, 0];
  for await (const batch of loadBatches(dataset, { ...options, order })) {
    const { labels, meanSquare, linf } = await attacker.score(batch.images, batch.count);
    countPixels(matrix, Uint8Array.from(batch.labels), Uint8Array.from(labels), ignoreIndex);
    const { size } = options;
    options.onPredictions?.({ batch, labels, firstIndex: done, totalImages: total, size });
    for (const value of meanSquare) decibels -= 10 * Math.log10(value);
    largest = Math.max(largest, ...linf);
    assertWithin(largest, options.maxLinf ?? 1);
    done += batch.count;
    options.onProgress?.(done, total);
    await yieldToEvents();
  }
  const psnrDb = Number.isFinite(decibels) ? decibels / total : null;
  return { images: total, psnrDb, linf: largest, ...scoresOf(matrix, ignoreIndex) };
}

function assertWithin(linf: number, most: number): void {
  if (linf <= most + ROUNDING) return;
  throw new SegprobeError(
    'BUDGET_EXCEEDED',
    `expected no pixel to change by more than ${(most * 255).toFixed(2)}/255, got ${(linf * 255).toFixed(2)}/255`,
  );
}
