import { loadBatches } from '../data/batches.js';
import type { Dataset, Size } from '../data/dataset.js';
import {
  type ConfusionMatrix,
  countPixels,
  createConfusionMatrix,
  scoresOf,
  type SegmentationScores,
} from '../shared/confusion-matrix.js';
import { yieldToEvents } from './events.js';
import type { PredictionReport } from './train-observer.js';
import type { Victim } from './victim.js';

export interface EvaluateOptions {
  readonly batchSize: number;
  readonly size: Size;
  /** How many of the first scenes; all if absent. */
  readonly limit?: number | undefined;
  /** Batches read ahead; 0: each when it is needed. @defaultValue 2 */
  readonly workers?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (done: number, total: number) => void;
  readonly onPredictions?: ((predictions: Predictions) => void) | undefined;
}

/** What was predicted of one batch. */
export type Predictions = Omit<PredictionReport, 'epoch'>;

export interface Evaluation extends SegmentationScores {
  readonly images: number;
  readonly matrix: ConfusionMatrix;
}

/** Predicts every scene of a split and counts its pixels: the standard IoU over the whole split. */
export async function evaluateVictim(
  victim: Pick<Victim, 'predict'>,
  dataset: Dataset,
  options: EvaluateOptions,
): Promise<Evaluation> {
  const total = Math.min(options.limit ?? Infinity, dataset.length);
  const { classes, ignoreIndex } = dataset.classTable;
  const matrix = createConfusionMatrix(classes.length);
  const order = Array.from({ length: total }, (_, i) => i);
  let done = 0;
  for await (const batch of loadBatches(dataset, { ...options, order })) {
    const labels = await victim.predict(batch.images, batch.count);
    countPixels(matrix, Uint8Array.from(batch.labels), Uint8Array.from(labels), ignoreIndex);
    const { size } = options;
    options.onPredictions?.({ batch, labels, firstIndex: done, totalImages: total, size });
    done += batch.count;
    options.onProgress?.(done, total);
    await yieldToEvents();
  }
  return { images: total, matrix, ...scoresOf(matrix, ignoreIndex) };
}

/** The sizes of the batches that a split of `total` scenes falls into: the whole ones, and the rest. */
export function batchSizesOf(total: number, batchSize: number): number[] {
  const sizes = [Math.min(batchSize, total), total % batchSize];
  return [...new Set(sizes)].filter((size) => size > 0);
}
