import { DATASET_NAMES } from '../data/open-dataset.js';
import type { OpenedModel } from '../inference/open-model.js';
import { SegprobeError } from '../shared/errors.js';

/**
 * The data set that a victim learned from, by name.
 * @throws SegprobeError `USAGE` where segprobe reads none of that name.
 */
export function datasetOf({ name, facts: { dataset } }: OpenedModel): string {
  if (DATASET_NAMES.includes(dataset)) return dataset;
  throw new SegprobeError(
    'USAGE',
    `expected --dataset, one of ${DATASET_NAMES.join(', ')}, got none; ${name} was trained on "${dataset}"`,
  );
}
