import type { Dataset } from './dataset.js';

/**
 * Shows some scenes of a data set as one of its own.
 *
 * @param order - their indices in `dataset`.
 * @returns a view that is closed with `dataset`, or closes it.
 */
export function pickScenes(dataset: Dataset, order: readonly number[]): Dataset {
  return {
    ...dataset,
    length: order.length,
    nameOf: (index) => dataset.nameOf(order[index]!),
    read: (index, size) => dataset.read(order[index]!, size),
    close: () => dataset.close(),
  };
}
