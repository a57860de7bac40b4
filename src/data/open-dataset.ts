import { SegprobeError } from '../shared/errors.js';
import { openCamvid } from './camvid.js';
import type { Dataset, Split } from './dataset.js';

export interface OpenDatasetOptions {
  /** One of {@link DATASET_NAMES}. */
  readonly name: string;
  readonly split: Split;
  /** The data set's folder, for those that lie in one. */
  readonly dir?: string | undefined;
  /** How many scenes to draw, for those that are drawn. @defaultValue the data set's own */
  readonly length?: number | undefined;
  /** What the scenes are drawn from, for those that are drawn. @defaultValue the data set's own */
  readonly seed?: number | undefined;
}

const OPENERS: Readonly<Record<string, (options: OpenDatasetOptions) => Promise<Dataset>>> = {
  camvid: (options) => openCamvid({ dir: dirOf(options), split: options.split }),
  // Loaded when asked for: it starts drawing threads.
  sample: async ({ split, length, seed }) => {
    const { openSampleDataset } = await import('./street/sample-dataset.js');
    return openSampleDataset({
      split,
      ...(length !== undefined && { length }),
      ...(seed !== undefined && { seed }),
    });
  },
};

/** The data sets that {@link openDataset} knows. */
export const DATASET_NAMES: readonly string[] = Object.keys(OPENERS);

/**
 * Opens one split of a data set by its layout's name. The caller closes it.
 *
 * @throws SegprobeError `USAGE` for a name it does not know or a folder that is not given, and as the layout's opener.
 */
export async function openDataset(options: OpenDatasetOptions): Promise<Dataset> {
  if (!DATASET_NAMES.includes(options.name)) {
    throw new SegprobeError(
      'USAGE',
      `expected a data set of ${DATASET_NAMES.join(', ')}, got ${options.name}`,
    );
  }
  return OPENERS[options.name]!(options);
}

function dirOf({ name, dir }: OpenDatasetOptions): string {
  if (dir !== undefined) return dir;
  throw new SegprobeError('USAGE', `expected --dataset-dir, the folder of ${name}, got none`);
}
