import { SegprobeError } from '../../shared/errors.js';

/** What an attack on a batch is to reach. */
export interface Goal {
  /** N, H, W. */
  readonly shape: [number, number, number];
  /** Class numbers, `[N, H, W]` flattened, each below the victim's class count. */
  readonly label: Int32Array;
  /** How much each pixel counts, `[N, H, W]` flattened. */
  readonly weight: Float32Array;
  /** 1 leads the victim away from `label`, −1 towards it. */
  readonly sign: 1 | -1;
}

/** The labels of a batch. */
export interface Labels {
  /** N, H, W. */
  readonly shape: [number, number, number];
  /** Class numbers, `[N, H, W]` flattened. */
  readonly label: Int32Array;
  readonly ignoreIndex: number;
}

/** Every labelled pixel wrong: what an untargeted attack wants. */
export function untargeted({ shape, label, ignoreIndex }: Labels): Goal {
  return { shape, label, weight: weightOf(label, (own) => own !== ignoreIndex), sign: 1 };
}

/** Every pixel of one class wrong, the others as they may be: "make pedestrians vanish". */
export function vanish({ shape, label }: Labels, classNumber: number): Goal {
  return { shape, label, weight: weightOf(label, (own) => own === classNumber), sign: 1 };
}

/**
 * Every pixel as a wanted label map has it.
 * @throws SegprobeError `SHAPE_MISMATCH` for a map of another size.
 */
export function targeted({ shape, ignoreIndex }: Labels, wanted: Int32Array): Goal {
  const [n, height, width] = shape;
  if (wanted.length !== n * height * width) {
    throw new SegprobeError(
      'SHAPE_MISMATCH',
      `expected a wanted label for each of ${n}×${height}×${width} pixels, got ${wanted.length}`,
    );
  }
  return { shape, label: wanted, weight: weightOf(wanted, (own) => own !== ignoreIndex), sign: -1 };
}

function weightOf(label: Int32Array, counts: (own: number) => boolean): Float32Array {
  return Float32Array.from(label, (own) => (counts(own) ? 1 : 0));
}
