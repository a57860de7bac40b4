import type { Dataset, Scene } from '../../src/data/dataset.js';
import { CAMVID, type ClassTable } from '../../src/shared/classes.js';

/** A data set of scenes that are there already, all of one size; black pictures with these labels. */
export function createMemoryDataset(
  labels: readonly (readonly number[])[],
  own: Partial<Pick<Dataset, 'name' | 'split'>> & {
    readonly size: { readonly height: number; readonly width: number };
    readonly classTable?: ClassTable;
    readonly onRead?: () => void;
  },
): Dataset {
  const { size, onRead } = own;
  const nameOf = (index: number): string => `scene${index}`;
  return {
    name: own.name ?? 'memory',
    split: own.split ?? 'train',
    classTable: own.classTable ?? CAMVID,
    length: labels.length,
    defaultSize: size,
    nameOf,
    read(index): Promise<Scene> {
      onRead?.();
      const label = Uint8Array.from(labels[index]!);
      const image = new Uint8Array(3 * label.length);
      return Promise.resolve({ name: nameOf(index), ...size, image, label });
    },
    close: () => Promise.resolve(),
  };
}
