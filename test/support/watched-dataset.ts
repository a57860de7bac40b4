import type { Dataset, Scene, Size } from '../../src/data/dataset.js';
import { CAMVID } from '../../src/shared/classes.js';

/** A data set that tells what is read. */
export interface WatchedDataset extends Dataset {
  /** The scenes whose reading was begun, in order. */
  readonly begun: number[];
  inFlight(): number;
  mostInFlight(): number;
}

/**
 * A data set of 2×3 scenes that tells what is read when. Scene n has the colours 50n, 50n + 1, … and is labelled n.
 */
export function createWatchedDataset(
  length: number,
  own: {
    /** How long each read takes. @defaultValue 1 */
    readonly delayMs?: number;
    readonly failAt?: ReadonlyMap<number, Error>;
    readonly read?: (index: number, size: Size) => Scene;
  } = {},
): WatchedDataset {
  const begun: number[] = [];
  let inFlight = 0;
  let most = 0;
  return {
    name: 'fake',
    split: 'train',
    classTable: CAMVID,
    length,
    defaultSize: { height: 2, width: 3 },
    nameOf: (index) => `scene${index}`,
    async read(index, size) {
      begun.push(index);
      most = Math.max(most, ++inFlight);
      await new Promise((resolve) => setTimeout(resolve, own.delayMs ?? 1));
      inFlight--;
      const error = own.failAt?.get(index);
      if (error) throw error;
      if (own.read) return own.read(index, size);
      return {
        name: `scene${index}`,
        ...size,
        image: Uint8Array.from({ length: 18 }, (_, i) => 50 * index + i),
        label: new Uint8Array(6).fill(index),
      };
    },
    close: () => Promise.resolve(),
    begun,
    inFlight: () => inFlight,
    mostInFlight: () => most,
  };
}
