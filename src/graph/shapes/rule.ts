import { SegprobeError } from '../../shared/errors.js';
import type { Attribute, Attributes, DType, TensorMeta } from '../graph.js';

/** An operator's input as far as it is known while recording. */
export interface ShapeInput extends TensorMeta {
  /** The values of a constant. @throws SegprobeError `GRAPH_UNSUPPORTED` when the input is computed. */
  constant(): ArrayLike<number>;
}

/**
 * Infers the outputs of an operator from its inputs and attributes, as TensorFlow's shape functions do.
 * @throws SegprobeError `SHAPE_MISMATCH` when the inputs do not fit together.
 */
export type ShapeRule = (inputs: readonly ShapeInput[], attributes: Attributes) => TensorMeta[];

/** The output is like input `index`. */
export function like(index: number): ShapeRule {
  return (inputs) => [{ dtype: inputs[index]!.dtype, shape: inputs[index]!.shape }];
}

/** The output has the shape that input `shapeIndex` holds and the type of input `typeIndex`. */
export function shapedBy(shapeIndex: number, typeIndex: number): ShapeRule {
  return (inputs) => [{ dtype: inputs[typeIndex]!.dtype, shape: integers(inputs[shapeIndex]!) }];
}

/** The values of a constant input as plain numbers. */
export function integers(input: ShapeInput): number[] {
  return Array.from(input.constant());
}

/** NumPy's broadcasting of two shapes. */
export function broadcast(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const x = a[a.length - rank + i] ?? 1;
    const y = b[b.length - rank + i] ?? 1;
    if (x !== y && x !== 1 && y !== 1) {
      throw new SegprobeError(
        'SHAPE_MISMATCH',
        `expected shapes that broadcast, got [${a}] and [${b}]`,
      );
    }
    return x === 1 ? y : x;
  });
}

type AttributeValue<K extends Attribute['kind']> = Extract<
  Attribute,
  { readonly kind: K }
>['value'];

/** Reads an attribute of a known kind. */
export function attribute<K extends Attribute['kind']>(
  attributes: Attributes,
  name: string,
  kind: K,
): AttributeValue<K> {
  const found = attributes[name];
  if (found?.kind !== kind) {
    throw new SegprobeError(
      'GRAPH_UNSUPPORTED',
      `expected attribute ${name} of kind ${kind}, got ${found?.kind ?? 'none'}`,
    );
  }
  return found.value as AttributeValue<K>;
}

/** Reads an attribute that TensorFlow has a default for. */
export function attributeOr<K extends Attribute['kind']>(
  attributes: Attributes,
  name: string,
  kind: K,
  fallback: AttributeValue<K>,
): AttributeValue<K> {
  return attributes[name] === undefined ? fallback : attribute(attributes, name, kind);
}

/** A negative axis counted from the end. */
export function axisOf(axis: number, rank: number): number {
  return axis < 0 ? axis + rank : axis;
}

export const FLOAT: DType = 'float32';
