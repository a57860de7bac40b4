import type { Size } from '../../data/dataset.js';
import { connectedComponents } from '../../shared/connected-components.js';
import type { SeenScene } from '../count-scene.js';
import type { Box } from './suspect-regions.js';

/** Objects are told apart by size: so many pixels and more, at the model's size. Smaller ones are none. */
export const OBJECT_SIZES = [24, 100, 400, 1600, 6400, 25600] as const;

/** A connected region of one label. It is found where more than half of its pixels are. */
export interface SceneObject {
  /** Of its class. */
  readonly number: number;
  readonly box: Box;
  readonly pixels: number;
  readonly isFound: boolean;
  /** As it is without an attack. */
  readonly isFoundAttacked: boolean;
}

/** Finds the objects of a label map, row by row, and whether the victim finds them. */
export function findObjects(
  { label, before, attack }: SeenScene,
  { ignoreIndex, size }: { readonly ignoreIndex: number; readonly size: Size },
): SceneObject[] {
  const { runs, components } = connectedComponents(label, size, ignoreIndex);
  const hits = new Int32Array(components.length);
  const hitsAttacked = new Int32Array(components.length);
  const after = attack?.after ?? before;
  for (const { start, end, id } of runs) {
    const own = label[start];
    let found = 0;
    let foundAttacked = 0;
    for (let i = start; i < end; i++) {
      if (before[i] === own) found++;
      if (after[i] === own) foundAttacked++;
    }
    hits[id]! += found;
    hitsAttacked[id]! += foundAttacked;
  }
  return components.flatMap(({ value, box, pixels }, id) =>
    pixels < OBJECT_SIZES[0]
      ? []
      : [
          {
            ...{ number: value, box, pixels },
            isFound: 2 * hits[id]! > pixels,
            isFoundAttacked: 2 * hitsAttacked[id]! > pixels,
          },
        ],
  );
}

/** Which of {@link OBJECT_SIZES} an object of so many pixels has. */
export function sizeOf(pixels: number): number {
  return OBJECT_SIZES.findLastIndex((least) => pixels >= least);
}
