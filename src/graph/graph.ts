/**
 * The recorded graph: TensorFlow's own vocabulary (operators, attributes, "node:output" references), held as plain data so
 * that it can be compared, run by TensorFlow (saved-model.ts) or converted to ONNX (src/export).
 */
import { SegprobeError } from '../shared/errors.js';

export type DType = 'float32' | 'int32' | 'bool';

/** What is known of a tensor before it has a value. */
export interface TensorMeta {
  readonly dtype: DType;
  readonly shape: readonly number[];
}

/** A tensor whose numbers are part of the graph. Booleans are bytes. */
export interface Constant extends TensorMeta {
  readonly values: Float32Array | Int32Array | Uint8Array;
}

/** An operator's attribute, by the kind that TensorFlow's AttrValue distinguishes. */
export type Attribute =
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'int'; readonly value: number }
  | { readonly kind: 'ints'; readonly value: readonly number[] }
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'bool'; readonly value: boolean }
  | { readonly kind: 'type'; readonly value: DType }
  | { readonly kind: 'types'; readonly value: readonly DType[] }
  | { readonly kind: 'shape'; readonly value: readonly number[] }
  | { readonly kind: 'function'; readonly value: string }
  | { readonly kind: 'tensor'; readonly value: Constant };

export type Attributes = Readonly<Record<string, Attribute>>;

/** One operator. */
export interface GraphNode {
  readonly name: string;
  readonly op: string;
  /** `name` or `name:k` for output k of a node; `^name` for "run after". */
  readonly inputs: readonly string[];
  readonly attributes: Attributes;
  readonly outputs: readonly TensorMeta[];
}

/** A sub-graph that is called by name and compiled by XLA. */
export interface GraphFunction {
  readonly name: string;
  /** The name that the source code gave it, before shapes were added: `prelu`, `maxUnpool` … */
  readonly label: string;
  readonly parameters: readonly (TensorMeta & { readonly name: string })[];
  /** In these nodes an input is a parameter's name or a reference as in {@link GraphNode}. */
  readonly nodes: readonly GraphNode[];
  readonly results: readonly (TensorMeta & { readonly reference: string })[];
}

/** A function of a program as it lies in the graph: which nodes to feed and to fetch. */
export interface Signature {
  readonly inputs: Readonly<Record<string, TensorMeta & { readonly node: string }>>;
  readonly outputs: Readonly<Record<string, TensorMeta & { readonly node: string }>>;
}

/** A whole recording: several functions over the same state. */
export interface Graph {
  readonly nodes: readonly GraphNode[];
  readonly functions: readonly GraphFunction[];
  readonly signatures: Readonly<Record<string, Signature>>;
  /** The state's variables that the graph uses; the node of that name is the variable's handle. */
  readonly variables: Readonly<Record<string, TensorMeta>>;
}

/** Splits a reference into the node's name and the number of its output; control inputs have output -1. */
export function parseReference(reference: string): { node: string; output: number } {
  if (reference.startsWith('^')) return { node: reference.slice(1), output: -1 };
  const colon = reference.lastIndexOf(':');
  if (colon < 0) return { node: reference, output: 0 };
  return { node: reference.slice(0, colon), output: Number(reference.slice(colon + 1)) };
}

/** The number of elements of a shape. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, n) => product * n, 1);
}

/**
 * Checks a tensor's type and shape.
 * @param what - names it in the message.
 * @throws SegprobeError `SHAPE_MISMATCH`
 */
export function assertFits(
  what: string,
  expected: TensorMeta,
  found: { readonly dtype: string; readonly shape: readonly number[] } | undefined,
): void {
  if (found?.dtype === expected.dtype && String(found.shape) === String(expected.shape)) return;
  const text = found === undefined ? 'none' : `${found.dtype}[${found.shape}]`;
  throw new SegprobeError(
    'SHAPE_MISMATCH',
    `${what}: expected ${expected.dtype}[${expected.shape}], got ${text}`,
  );
}
