import type { ClassTable } from '../shared/classes.js';
import { SegprobeError } from '../shared/errors.js';
import { SPLITS, type Dataset, type Size, type Split } from './dataset.js';
import { readPictureSize } from './decode.js';
import type { LabelCoding } from './label-coding.js';
import { packPairs } from './packed-pairs.js';
import { readScene } from './read-scene.js';
import { assertUsable, type SplitListing } from './split-listing.js';

/** How a kind of data set lies in a folder. */
export interface Layout {
  /** Its name, e.g. `camvid`. */
  readonly name: string;
  readonly classTable: ClassTable;
  /** The size that it is used at unless told otherwise; the first picture's where there is none. */
  readonly defaultSize?: Size | undefined;
  /** The splits whose pictures are there without labels, and why. */
  readonly withheld?: Readonly<Partial<Record<Split, string>>>;
  /**
   * The splits that the folder has, at least one, in the order of `SPLITS`.
   * @throws SegprobeError `FILE_NOT_FOUND` where there is none.
   */
  findSplits(): Promise<readonly Split[]>;
  /**
   * Lists the scenes of a split without reading them.
   * @throws SegprobeError where there is no such split.
   */
  listSplit(split: Split): Promise<SplitListing>;
  /** What the values in a label's file mean. */
  codingOf(label: string): LabelCoding;
}

/** What a picture's sides are rounded to for a default size. */
const SIDE_STEP = 8;

/**
 * Opens one split of a data set that lies in a folder.
 * @throws SegprobeError `DATASET_INVALID` or `FILE_NOT_FOUND` naming what is wrong with its files.
 */
export async function openLayout(layout: Layout, split: Split): Promise<Dataset> {
  const { name, classTable, withheld = {} } = layout;
  if (withheld[split] !== undefined) {
    const others = SPLITS.filter((other) => withheld[other] === undefined).join(' or ');
    throw new SegprobeError(
      'DATASET_INVALID',
      `${name}: expected a split with labels (${others}), got ${split}: ${withheld[split]}`,
    );
  }
  const listing = await layout.listSplit(split);
  assertUsable(listing);
  const pairs = packPairs(listing.pairs);
  if (pairs.length === 0) {
    throw new SegprobeError(
      'DATASET_INVALID',
      `${name} ${split}: expected at least one scene, got none`,
    );
  }
  return {
    name,
    split,
    classTable,
    length: pairs.length,
    defaultSize: layout.defaultSize ?? roundSize(await readPictureSize(pairs.at(0).picture)),
    nameOf: (index) => pairs.at(index).name,
    read: async (index, size) => {
      const pair = pairs.at(index);
      return readScene(pair, size, layout.codingOf(pair.label));
    },
    close: () => Promise.resolve(),
  };
}

function roundSize({ height, width }: Size): Size {
  const round = (side: number): number => Math.max(1, Math.round(side / SIDE_STEP)) * SIDE_STEP;
  return { height: round(height), width: round(width) };
}
