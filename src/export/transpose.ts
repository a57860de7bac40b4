import { type Constant, sizeOf } from '../graph/graph.js';

/** Which axis of the source each axis of the result is. */
export type AxisOrder = readonly [number, number, number, number];

/** Pictures and feature maps: TensorFlow's `[N,H,W,C]` to ONNX's `[N,C,H,W]`. */
export const NHWC_TO_NCHW = [0, 3, 1, 2] as const satisfies AxisOrder;

/**
 * Filters: TensorFlow's `[kh,kw,in,out]` to ONNX's `[out,in,kh,kw]`; those of transposed convolutions, `[kh,kw,out,in]` to
 * `[in,out,kh,kw]`, alike.
 */
export const FILTER_TO_ONNX = [3, 2, 0, 1] as const satisfies AxisOrder;

/** Reorders the axes of a float32 tensor of rank 4. */
export function transpose(
  { shape, values }: Pick<Constant, 'shape' | 'values'>,
  order: AxisOrder,
): { shape: number[]; values: Float32Array } {
  const strides = shape.map((_, axis) => sizeOf(shape.slice(axis + 1)));
  const [a, b, c, d] = order.map((axis) => ({ size: shape[axis]!, stride: strides[axis]! })) as [
    Axis,
    Axis,
    Axis,
    Axis,
  ];
  const result = new Float32Array(values.length);
  let at = 0;
  for (let i = 0; i < a.size; i++)
    for (let j = 0; j < b.size; j++)
      for (let k = 0; k < c.size; k++) {
        const start = i * a.stride + j * b.stride + k * c.stride;
        for (let l = 0; l < d.size; l++) result[at++] = values[start + l * d.stride]!;
      }
  return { shape: [a.size, b.size, c.size, d.size], values: result };
}

interface Axis {
  readonly size: number;
  readonly stride: number;
}
