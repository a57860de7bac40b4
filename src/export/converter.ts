import type { Attribute, Constant, GraphFunction, GraphNode } from '../graph/graph.js';
import { SegprobeError } from '../shared/errors.js';
import type { AttributeValue, ElementType } from '../shared/onnx/index.js';

/** A constant of the graph, and, if it is (a part of) a variable, which. */
export interface KnownConstant extends Constant {
  readonly origin?: { readonly variable: string; readonly offset: number };
}

/** What a node's input is once the nodes before it are converted. */
export type ConvertedValue =
  | { readonly kind: 'constant'; readonly constant: KnownConstant }
  /** A value of the ONNX graph; of rank 4, it lies as NCHW where TensorFlow's lay as NHWC. */
  | { readonly kind: 'value'; readonly name: string };

/** What a converter works with. */
export interface ConvertContext {
  readonly node: GraphNode;
  /** The function that a PartitionedCall calls. */
  readonly called?: GraphFunction;
  /** Shape of input `i` as TensorFlow sees it. */
  shapeOf(i: number): readonly number[];
  /** The name of input `i`'s value. @throws SegprobeError `EXPORT_UNSUPPORTED` if it is constant. */
  value(i: number): string;
  /** Input `i` as a constant. @throws SegprobeError `EXPORT_UNSUPPORTED` if it is computed. */
  constant(i: number): KnownConstant;
  /** Adds an initializer, named after the variable it comes from if it does, else after the node. */
  initializer(source: KnownConstant, suffix: string, tensor: InitializerTensor): string;
  /** Adds an ONNX node whose outputs stand for the first outputs of the TensorFlow node. */
  emit(
    opType: string,
    inputs: readonly string[],
    attributes?: Readonly<Record<string, AttributeValue>>,
  ): void;
  /** Lets output `i` be something that is there already. */
  alias(i: number, value: ConvertedValue): void;
  input(i: number): ConvertedValue;
}

export interface InitializerTensor {
  readonly dtype: ElementType;
  readonly shape: readonly number[];
  readonly values: Float32Array | Int32Array | BigInt64Array;
}

/** Turns one TensorFlow node into ONNX nodes. */
export type Converter = (context: ConvertContext) => void;

/** Where each axis of an NHWC tensor lies in NCHW. */
export const NHWC_TO_NCHW_AXIS = [0, 2, 3, 1] as const;

/** An error of a converter: names the node and what was expected of it. */
export function unsupported(node: GraphNode, text: string): SegprobeError {
  return new SegprobeError('EXPORT_UNSUPPORTED', `${node.op} (${node.name}): ${text}`);
}

type ValueOf<K extends Attribute['kind']> = Extract<Attribute, { readonly kind: K }>['value'];

/** Reads an attribute of a known kind. */
export function attributeOf<K extends Attribute['kind']>(
  node: GraphNode,
  name: string,
  kind: K,
): ValueOf<K> {
  const found = node.attributes[name];
  if (found?.kind !== kind) throw unsupported(node, `expected attribute ${name} of kind ${kind}`);
  return found.value as ValueOf<K>;
}

/** Reorders a float32 rank-4 constant: axis `i` of the result is axis `order[i]` of the source. */
export function transposeConstant(
  { shape, values }: Constant,
  order: readonly [number, number, number, number],
): InitializerTensor {
  const to = order.map((axis) => shape[axis]!);
  const strides = shape.map((_, axis) =>
    shape.slice(axis + 1).reduce((product, n) => product * n, 1),
  );
  const [s0, s1, s2, s3] = order.map((axis) => strides[axis]!) as [number, number, number, number];
  const result = new Float32Array(values.length);
  let at = 0;
  for (let a = 0; a < to[0]!; a++)
    for (let b = 0; b < to[1]!; b++)
      for (let c = 0; c < to[2]!; c++)
        for (let d = 0; d < to[3]!; d++) result[at++] = values[a * s0 + b * s1 + c * s2 + d * s3]!;
  return { dtype: 'float32', shape: to, values: result };
}
