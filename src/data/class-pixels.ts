import type { Dataset, Size } from './dataset.js';
import { readAhead } from './read-ahead.js';

const AHEAD = 8;

/** How often each class occurs in a data set. */
export interface ClassPixels {
  /** Pixels by class number, the ignored class among them. */
  readonly pixelCounts: readonly number[];
  /** By class number: all pixels of the images in which the class occurs at all. */
  readonly pixelsWherePresent: readonly number[];
}

/**
 * Counts the pixels of each class over a whole split.
 *
 * @param size - the size that the labels are counted at.
 * @param onProgress - told after each scene how many are done, of how many.
 * @throws SegprobeError as `dataset.read`.
 */
export async function countClassPixels(
  dataset: Dataset,
  size: Size,
  onProgress?: (done: number, total: number) => void,
): Promise<ClassPixels> {
  const classCount = dataset.classTable.classes.length;
  const pixelCounts = new Array<number>(classCount).fill(0);
  const pixelsWherePresent = new Array<number>(classCount).fill(0);
  const counts = readAhead(dataset, {
    size,
    order: Array.from({ length: dataset.length }, (_, i) => i),
    groupSize: 1,
    ahead: AHEAD,
    collect: ([scene]) => countLabel(scene!.label, classCount),
  });
  let done = 0;
  for await (const inScene of counts) {
    for (let k = 0; k < classCount; k++) {
      pixelCounts[k]! += inScene[k]!;
      if (inScene[k]! > 0) pixelsWherePresent[k]! += size.height * size.width;
    }
    onProgress?.(++done, dataset.length);
  }
  return { pixelCounts, pixelsWherePresent };
}

function countLabel(label: Uint8Array, classCount: number): Float64Array {
  const counts = new Float64Array(classCount);
  for (let i = 0; i < label.length; i++) counts[label[i]!]!++;
  return counts;
}
