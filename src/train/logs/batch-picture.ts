import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs';
import type { Batch } from '../../data/batches.js';
import type { Size } from '../../data/dataset.js';
import { fromFileError, writeFileWhole } from '../../data/files.js';
import { takeValues } from '../../graph/take-values.js';
import { type AugmentConfig, drawViews, isAugmented } from '../augmentation.js';
import { trainSizeOf } from '../config.js';
import { seenScenes, viewTensors } from '../scene-views.js';
import type { TrainObserver, TrainStart } from '../train-observer.js';
import { encodeGrid, type PictureGrid, toBytes, toColors } from './picture-grid.js';

/** The name of the picture in the checkpoint's folder. */
export const BATCH_PICTURE = 'first-batch.png';

/**
 * Writes the first batch that a training takes as one picture: each scene as the network sees it, after augmentation, and its
 * label beside it in the classes' colours.
 *
 * @param onPicture - told the file when it is written.
 * @returns an observer whose methods throw what the file system refuses.
 */
export function createBatchPictureLog(
  config: AugmentConfig,
  onPicture: (file: string) => void,
): Partial<TrainObserver> {
  let start: TrainStart | undefined;
  return {
    onStart: (begun) => (start = begun),
    onBatch: async (batch, step) => {
      if (start === undefined) return;
      const { folder, classes, ignoreIndex } = start;
      start = undefined; // Once a training.
      const seen = await seenBatch(batch, step, config, ignoreIndex);
      const { png } = await encodeGrid(toGrid(seen, classes));
      const file = path.join(folder, BATCH_PICTURE);
      try {
        await mkdir(folder, { recursive: true });
      } catch (error) {
        throw fromFileError(error, folder);
      }
      await writeFileWhole(file, png);
      onPicture(file);
    },
  };
}

/** A batch as a training step sees it. */
export interface SeenBatch extends Size {
  /** RGB in 0..1, `[N, H, W, 3]` flattened. */
  readonly images: Float32Array;
  /** Class numbers, `[N, H, W]` flattened. */
  readonly labels: Int32Array;
  readonly count: number;
}

/** Gives the batch of a step (from 1) the windows, scales, mirror images and colours that the step gives it. */
export async function seenBatch(
  { images, labels, count }: Batch,
  step: number,
  config: AugmentConfig,
  ignoreIndex: number,
): Promise<SeenBatch> {
  const { height, width } = config;
  if (!isAugmented(config)) return { images, labels, count, height, width };
  const views = { ...trainSizeOf(config), ignoreIndex };
  const { image, label } = await takeValues(
    tf.tidy(() => {
      const inputs = {
        image: tf.tensor4d(images, [count, height, width, 3]),
        label: tf.tensor3d(labels, [count, height, width], 'int32'),
        ...viewTensors(drawViews(config, step, count), count),
      };
      const seen = seenScenes(inputs, views);
      return { image: seen.image, label: seen.label };
    }),
  );
  return {
    images: image as Float32Array,
    labels: label as Int32Array,
    count,
    height: views.height,
    width: views.width,
  };
}

/** Lays pairs of picture and label out in about as many columns as rows. */
function toGrid(
  { images, labels, count, height, width }: SeenBatch,
  classes: TrainStart['classes'],
): PictureGrid {
  const pixels = height * width;
  const pairsInRow = Math.ceil(Math.sqrt(count / 2));
  const rows: Uint8Array[][] = [];
  for (let n = 0; n < count; n++) {
    if (n % pairsInRow === 0) rows.push([]);
    rows
      .at(-1)!
      .push(
        toBytes(images.subarray(3 * n * pixels, 3 * (n + 1) * pixels)),
        toColors(labels.subarray(n * pixels, (n + 1) * pixels), classes),
      );
  }
  return { rows, height, width };
}
