import type { ScenePair } from './read-scene.js';

/** Scenes by index, kept small. */
export interface PackedPairs {
  readonly length: number;
  /** @throws RangeError for an index that there is none of. */
  at(index: number): ScenePair;
}

/** A character that no file's name has. */
const END = '\0';

/**
 * Packs scenes into one piece of memory, of as many bytes as their names have: a hundred thousand as objects take five times that,
 * for as long as a training lasts.
 */
export function packPairs(pairs: readonly ScenePair[]): PackedPairs {
  const { length } = pairs;
  const texts = pairs.map(({ name, picture, label }) => [name, picture, label].join(END));
  const packed = Buffer.from(texts.join(''));
  const ends = new Float64Array(length);
  let end = 0;
  texts.forEach((text, i) => (ends[i] = end += Buffer.byteLength(text)));
  return {
    length,
    at: (index) => {
      const end = ends[index];
      if (end === undefined) {
        throw new RangeError(`expected a scene below ${length}, got ${index}`);
      }
      const text = packed.toString('utf8', ends[index - 1] ?? 0, end);
      const [name, picture, label] = text.split(END) as [string, string, string];
      return { name, picture, label };
    },
  };
}
