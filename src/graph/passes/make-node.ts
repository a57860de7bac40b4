import type { Attributes, Constant, DType, GraphNode } from '../graph.js';

/** Attributes of TensorFlow's operators, as short as they can be written. */
export const FLOAT = { kind: 'type', value: 'float32' } as const;
export const INT = { kind: 'type', value: 'int32' } as const;
export const bool = (value: boolean) => ({ kind: 'bool', value }) as const;

/** A constant of the graph: a vector, or a scalar where `values` is a number. */
export function constantNode(name: string, values: readonly number[] | number): GraphNode {
  const isVector = typeof values !== 'number';
  const value: Constant = isVector
    ? { dtype: 'int32', shape: [values.length], values: Int32Array.from(values) }
    : { dtype: 'float32', shape: [], values: Float32Array.of(values) };
  const { dtype, shape } = value;
  const attributes: Attributes = {
    dtype: { kind: 'type', value: dtype },
    value: { kind: 'tensor', value },
  };
  return { name, op: 'Const', inputs: [], attributes, outputs: [{ dtype, shape }] };
}

/** An operator of one float32 output. */
export function floatNode(
  name: string,
  op: string,
  inputs: readonly GraphNode[] | readonly string[],
  attributes: Attributes,
  shape: readonly number[],
): GraphNode {
  const references = inputs.map((input) => (typeof input === 'string' ? input : input.name));
  const dtype: DType = 'float32';
  return { name, op, inputs: references, attributes, outputs: [{ dtype, shape }] };
}
