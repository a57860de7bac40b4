import { SegprobeError } from '../shared/errors.js';
import { camvidLayout } from './camvid.js';
import { cityscapesLayout } from './cityscapes.js';
import type { Dataset, Split } from './dataset.js';
import { folderLayout } from './folder.js';
import { openLayout, type Layout } from './layout.js';

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

/** The data sets that lie in a folder. */
const LAYOUTS: Readonly<Record<string, (dir: string) => Layout | Promise<Layout>>> = {
  camvid: camvidLayout,
  cityscapes: cityscapesLayout,
  folder: folderLayout,
};

type Opener = (options: OpenDatasetOptions) => Promise<Dataset>;

const OPENERS: Readonly<Record<string, Opener>> = {
  ...Object.fromEntries(Object.keys(LAYOUTS).map((name) => [name, openInFolder])),
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

/** The data sets that {@link findLayout} knows. */
export const LAYOUT_NAMES: readonly string[] = Object.keys(LAYOUTS);

/** The data sets that {@link openDataset} knows. */
export const DATASET_NAMES: readonly string[] = Object.keys(OPENERS);

/**
 * Opens one split of a data set by its layout's name. The caller closes it.
 *
 * @throws SegprobeError `USAGE` for a name it does not know or a folder that is not given, and as the layout's opener.
 */
export async function openDataset(options: OpenDatasetOptions): Promise<Dataset> {
  assertKnown(options.name, DATASET_NAMES);
  return OPENERS[options.name]!(options);
}

/**
 * Finds out how a data set lies in its folder.
 *
 * @param name - one of {@link LAYOUT_NAMES}.
 * @throws SegprobeError `USAGE` as {@link openDataset}; what the layout says of a folder that it cannot make out.
 */
export async function findLayout(
  options: Pick<OpenDatasetOptions, 'name' | 'dir'>,
): Promise<Layout> {
  assertKnown(options.name, LAYOUT_NAMES);
  return LAYOUTS[options.name]!(dirOf(options));
}

async function openInFolder(options: OpenDatasetOptions): Promise<Dataset> {
  return openLayout(await findLayout(options), options.split);
}

function assertKnown(name: string, names: readonly string[]): void {
  if (names.includes(name)) return;
  throw new SegprobeError('USAGE', `expected a data set of ${names.join(', ')}, got ${name}`);
}

function dirOf({ name, dir }: Pick<OpenDatasetOptions, 'name' | 'dir'>): string {
  if (dir !== undefined) return dir;
  throw new SegprobeError('USAGE', `expected --dataset-dir, the folder of ${name}, got none`);
}
