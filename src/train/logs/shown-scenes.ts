import type { LabelClass } from '../../shared/classes.js';
import type { PredictionReport } from '../train-observer.js';
import { type PictureGrid, toBytes, toColors } from './picture-grid.js';

/** How many scenes of val are shown. */
const SHOWN = 3;

/** A scene of val: picture, label and prediction beside each other. */
export interface ShownScene extends PictureGrid {
  readonly name: string;
}

/**
 * Takes out of a batch's predictions those scenes that are shown: three, as far apart in the split as can be, since neighbours
 * are often alike.
 */
export function takeShownScenes(
  { batch, labels, firstIndex, totalImages, size }: PredictionReport,
  classes: readonly Pick<LabelClass, 'color'>[],
): ShownScene[] {
  const pixels = size.height * size.width;
  const inBatch = indicesShown(totalImages)
    .map((index) => index - firstIndex)
    .filter((n) => n >= 0 && n < batch.count);
  return inBatch.map((n) => {
    const labelsOf = (values: Int32Array): Int32Array =>
      values.subarray(n * pixels, (n + 1) * pixels);
    const picture = batch.images.subarray(3 * n * pixels, 3 * (n + 1) * pixels);
    const row = [
      toBytes(picture),
      toColors(labelsOf(batch.labels), classes),
      toColors(labelsOf(labels), classes),
    ];
    return { name: batch.names[n]!, rows: [row], ...size };
  });
}

/** The middles of equal parts of a split. */
export function indicesShown(totalImages: number): number[] {
  const middles = Array.from({ length: SHOWN }, (_, i) =>
    Math.floor(((i + 0.5) * totalImages) / SHOWN),
  );
  return [...new Set(middles)];
}
