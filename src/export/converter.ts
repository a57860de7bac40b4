import type { Attribute, Constant, GraphNode } from '../graph/graph.js';
import { SegprobeError } from '../shared/errors.js';
import type { AttributeValue, ElementType } from '../shared/onnx/index.js';

/** Turns one TensorFlow node into an ONNX node, or into something that is there already. */
export type Converter = (context: ConvertContext) => void;

/** A node, and what its inputs and outputs have become. */
export interface NodeView {
  readonly node: GraphNode;
  /** What input `i` has become. @throws SegprobeError `EXPORT_UNSUPPORTED` if that has no form in ONNX. */
  input(i: number): ConvertedValue;
  /** The name of input `i`'s value. @throws SegprobeError `EXPORT_UNSUPPORTED` if it is constant. */
  value(i: number): string;
  /** Input `i` as a constant. @throws SegprobeError `EXPORT_UNSUPPORTED` if it is computed. */
  constant(i: number): KnownConstant;
  /** Shape of input `i` as TensorFlow sees it, at the size of the recording. */
  shapeOf(i: number): readonly number[];
  /** What the code called the compiled function that this node calls, if it does. */
  readonly label: string | undefined;
  /** The node that input `i` comes from, as TensorFlow sees it. */
  producerOf(i: number): NodeView;
  /** The name that output `i` of a converted node has. @throws SegprobeError `EXPORT_UNSUPPORTED` if it has none. */
  output(i: number): string;
}

/** What a converter works with: one node, and the ONNX graph that grows. */
export interface ConvertContext extends NodeView {
  /**
   * Adds an ONNX node whose outputs stand for the first outputs of the TensorFlow node.
   * @param inputs - names of values, and constants to become initializers.
   */
  emit(
    opType: string,
    inputs: readonly (string | Initializer)[],
    attributes?: Readonly<Record<string, AttributeValue>>,
  ): void;
  /** Adds an ONNX node of one output that stands for nothing in TensorFlow's graph. @returns the name of its value. */
  add(
    opType: string,
    inputs: readonly (string | Initializer)[],
    attributes?: Readonly<Record<string, AttributeValue>>,
  ): string;
  /** Lets output `i` be something that is there already. */
  alias(i: number, value: ConvertedValue): void;
}

/** What a value of the TensorFlow graph has become. */
export type ConvertedValue =
  | { readonly kind: 'constant'; readonly constant: KnownConstant }
  /** A value of the ONNX graph; of rank 4, it lies as NCHW where TensorFlow's lies as NHWC. */
  | { readonly kind: 'value'; readonly name: string };

/** A constant of the graph, and, if it is (a part of) a variable, which. */
export interface KnownConstant extends Constant {
  readonly origin?: { readonly variable: string; readonly offset: number };
}

/** A constant that an ONNX node takes. A weight keeps its name; another is called after its node and its `role` there. */
export interface Initializer {
  readonly role: string;
  readonly source: KnownConstant;
  readonly dtype: ElementType;
  readonly shape: readonly number[];
  readonly values: Float32Array | BigInt64Array;
}

/** A float32 initializer with the constant's values, in another shape or order if one is given. */
export function floatInitializer(
  role: string,
  source: KnownConstant,
  { shape, values }: Pick<Constant, 'shape' | 'values'> = source,
): Initializer {
  return { role, source, dtype: 'float32', shape, values: Float32Array.from(values) };
}

/** A number that ONNX needs and TensorFlow's graph does not hold. */
export function floatScalar(role: string, value: number): Initializer {
  const source: KnownConstant = { dtype: 'float32', shape: [], values: Float32Array.of(value) };
  return floatInitializer(role, source);
}

/** Integers that ONNX needs, for shapes, axes and places, and TensorFlow's graph does not hold. */
export function integers(role: string, values: readonly number[]): Initializer {
  const shape = [values.length];
  return {
    role,
    source: { dtype: 'int32', shape, values: Int32Array.from(values) },
    dtype: 'int64',
    shape,
    values: BigInt64Array.from(values, BigInt),
  };
}

/** Where each axis of an NHWC tensor lies in NCHW. */
export const AXIS_IN_NCHW = [0, 2, 3, 1] as const;

/** An error of a converter: names the node and what was expected of it. */
export function unsupported(node: GraphNode, text: string): SegprobeError {
  return new SegprobeError('EXPORT_UNSUPPORTED', `${node.op} (${node.name}): ${text}`);
}

type ValueOf<K extends Attribute['kind']> = Extract<Attribute, { readonly kind: K }>['value'];

/** Reads an attribute of a known kind. @throws SegprobeError `EXPORT_UNSUPPORTED` if there is none. */
export function attributeOf<K extends Attribute['kind']>(
  node: GraphNode,
  name: string,
  kind: K,
): ValueOf<K> {
  const found = node.attributes[name];
  if (found?.kind !== kind) {
    throw unsupported(
      node,
      `expected attribute ${name} of kind ${kind}, got ${found?.kind ?? 'none'}`,
    );
  }
  return found.value as ValueOf<K>;
}

/** @throws SegprobeError `EXPORT_UNSUPPORTED` for a node whose pictures do not lie as NHWC. */
export function assertNhwc(node: GraphNode): void {
  // MaxPoolWithArgmax knows no other layout and has no such attribute.
  if (!('data_format' in node.attributes)) return;
  const found = attributeOf(node, 'data_format', 'string');
  if (found !== 'NHWC') throw unsupported(node, `expected data_format NHWC, got ${found}`);
}
