import type { Dataset, Scene } from '../../src/data/dataset.js';
import { strongestChannel, testPicture } from './rgb-pictures.js';
import { TINY_FACTS } from './tiny-models.js';

/** The tiny victim's classes and one for what is not labelled, in an order that a data set may have. */
export const TINY_NAMES: readonly string[] = [...TINY_FACTS.classes, 'unlabeled'];

/**
 * A split that the tiny victim scores well on, not perfectly: each label is the strongest channel but on every seventh pixel, which
 * has the next class, and in the first row, which is not labelled.
 */
export function createTinyDataset(
  length: number,
  { names = TINY_NAMES, onRead }: { names?: readonly string[]; onRead?: (i: number) => void } = {},
): Dataset {
  const size = TINY_FACTS.inputSize;
  const nameOf = (index: number): string => `tiny${index}`;
  return {
    name: 'tiny',
    split: 'val',
    classTable: {
      classes: names.map((name) => ({ name, color: [0, 0, 0] })),
      ignoreIndex: names.indexOf('unlabeled'),
    },
    length,
    defaultSize: size,
    nameOf,
    read: (index): Promise<Scene> => {
      onRead?.(index);
      const picture = testPicture(size.width, size.height, 1000 * index);
      const label = strongestChannel(picture).map((channel, i) => {
        const name =
          i < size.width ? 'unlabeled' : TINY_NAMES[(channel + (i % 7 === 0 ? 1 : 0)) % 3];
        return names.indexOf(name!);
      });
      return Promise.resolve({ name: nameOf(index), ...size, image: picture.data, label });
    },
    close: () => Promise.resolve(),
  };
}
