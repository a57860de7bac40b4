import type { Attributes } from '../../graph/graph.js';

/** Attributes of TensorFlow's operators, as short as they can be written. */
export const FLOAT_TYPE = { kind: 'type', value: 'float32' } as const;
export const INT_TYPE = { kind: 'type', value: 'int32' } as const;
export const string = (value: string) => ({ kind: 'string', value }) as const;
export const ints = (value: readonly number[]) => ({ kind: 'ints', value }) as const;
export const float = (value: number) => ({ kind: 'float', value }) as const;
export const bool = (value: boolean) => ({ kind: 'bool', value }) as const;

/** A pair for height and width. */
export type Pair = readonly [height: number, width: number];

/** Where a window lies over height and width. */
export interface Window {
  readonly kernel: Pair;
  readonly strides: Pair;
  /** Zeros (minus infinity for pooling) on both sides of an axis, as PyTorch counts them. */
  readonly padding: Pair;
  readonly dilations: Pair;
}

/**
 * The attributes that place a window over an NHWC tensor. Explicit padding is written as SAME or VALID where it is the same:
 * TensorFlow's CPU kernels have gradients of dilated convolutions for those alone.
 */
export function windowAttributes(window: Window): Attributes {
  const shared = {
    T: FLOAT_TYPE,
    strides: ints([1, ...window.strides, 1]),
    data_format: string('NHWC'),
  };
  const { padding } = window;
  if (padding.every((amount) => amount === 0)) return { ...shared, padding: string('VALID') };
  if (keepsSize(window)) return { ...shared, padding: string('SAME') };
  const [y, x] = padding;
  return {
    ...shared,
    padding: string('EXPLICIT'),
    explicit_paddings: ints([0, 0, y, y, x, x, 0, 0]),
  };
}

/** With stride 1, SAME pads both sides alike when the window reaches equally far to both. */
function keepsSize({ kernel, strides, padding, dilations }: Window): boolean {
  return [0, 1].every(
    (axis) => strides[axis] === 1 && 2 * padding[axis]! === dilations[axis]! * (kernel[axis]! - 1),
  );
}
