import type { ClassTable } from '../shared/classes.js';
import type { Size } from '../shared/size.js';

export type { Size };

/** The splits that every data set has by name; a layout may lack one. */
export const SPLITS = ['train', 'val', 'test'] as const;
export type Split = (typeof SPLITS)[number];

/** One picture and its label map, decoded and of one size. */
export interface Scene extends Size {
  /** The stem that pairs picture and label, e.g. `0001TP_006690`. */
  readonly name: string;
  /** RGB, 8 bits a channel, `[H, W, 3]` flattened. */
  readonly image: Uint8Array;
  /** Class numbers of the data set's {@link ClassTable}, `[H, W]` flattened. */
  readonly label: Uint8Array;
  /** The size of its files, where they were resized. */
  readonly originalSize?: Size;
}

/** One split of a data set: pictures and labels by index. Reading never blocks the main thread for long. */
export interface Dataset {
  /** The layout's name, e.g. `camvid`. */
  readonly name: string;
  readonly split: Split;
  readonly classTable: ClassTable;
  /** The number of scenes. */
  readonly length: number;
  /** The size that the data set is used at unless told otherwise. */
  readonly defaultSize: Size;
  /** Names scene `index` without reading it. */
  nameOf(index: number): string;
  /**
   * Reads scene `index` at `size`: the picture resized smoothly, the label to the nearest pixel.
   * @throws SegprobeError naming the file, what was expected and what was found.
   */
  read(index: number, size: Size): Promise<Scene>;
  /** Gives back threads and the like. */
  close(): Promise<void>;
}
