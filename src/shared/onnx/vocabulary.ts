import { SegprobeError } from '../errors.js';
import { ATTRIBUTE_TYPES, ELEMENT_TYPES } from './types.js';
import type {
  AttributeProto,
  ElementType,
  GraphProto,
  ModelProto,
  NodeProto,
  TensorProto,
  ValueInfoProto,
} from './types.js';

// In every browser and in Node; this folder compiles without either's types.
declare class TextEncoder {
  encode(text: string): Uint8Array<ArrayBuffer>;
}

/** The opset that is written unless told otherwise: old enough for every runtime in use, new enough for all we need. */
export const DEFAULT_OPSET = 17;

/** The first IR version that allows each opset (onnx/helper.py, VERSION_TABLE). */
export const IR_VERSION_OF_OPSET: Readonly<Record<number, number>> = {
  13: 7,
  14: 7,
  15: 8,
  16: 8,
  17: 8,
  18: 8,
  19: 9,
  20: 9,
  21: 10,
  22: 10,
  23: 11,
  24: 12,
  25: 13,
};

/** An attribute's value. The kind is said, since JavaScript's 1 is both ONNX's INT 1 and FLOAT 1.0. */
export type AttributeValue =
  | { readonly int: number }
  | { readonly ints: readonly number[] }
  | { readonly float: number }
  | { readonly floats: readonly number[] }
  | { readonly string: string }
  | { readonly strings: readonly string[] }
  | { readonly tensor: TensorProto }
  | { readonly graph: GraphProto };

/**
 * Builds a node, e.g. `makeNode('Conv', ['x', 'w'], ['y'], { strides: { ints: [2, 2] } })`.
 *
 * @param attributes - by name; an `undefined` one is left out.
 */
export function makeNode(
  opType: string,
  input: readonly string[],
  output: readonly string[],
  attributes: Readonly<Record<string, AttributeValue | undefined>> = {},
  { name, domain }: { readonly name?: string; readonly domain?: string } = {},
): NodeProto {
  return {
    opType,
    input,
    output,
    attribute: Object.entries(attributes).flatMap(([key, value]) =>
      value === undefined ? [] : [makeAttribute(key, value, opType)],
    ),
    ...(name !== undefined && { name }),
    ...(domain !== undefined && { domain }),
  };
}

/**
 * Builds a tensor with its values as raw little-endian bytes.
 *
 * @param dims - empty for a scalar.
 * @param data - values in row-major order, in an array of the element's width. Not copied.
 * @throws SegprobeError `SHAPE_MISMATCH` if bytes and dims disagree.
 */
export function makeTensor(
  name: string,
  elementType: ElementType,
  dims: readonly number[],
  data: ArrayBufferView,
): TensorProto {
  const { number, bytes } = ELEMENT_TYPES[elementType];
  const expected = dims.reduce((product, size) => product * size, bytes);
  if (
    expected !== data.byteLength ||
    !dims.every((size) => Number.isSafeInteger(size) && size >= 0)
  ) {
    throw new SegprobeError(
      'SHAPE_MISMATCH',
      `tensor ${name}: expected ${expected} bytes for ${elementType} [${dims.join(', ')}], got ${data.byteLength}`,
    );
  }
  const rawData = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return { name, dims, dataType: number, rawData };
}

/**
 * Builds the description of an input, output or inner value.
 *
 * @param dims - sizes or symbolic names such as `N`; left out where not even the rank is known.
 */
export function makeTensorValueInfo(
  name: string,
  elementType: ElementType,
  dims?: readonly (number | string)[],
): ValueInfoProto {
  const shape = dims && {
    dim: dims.map((size) => (typeof size === 'number' ? { dimValue: size } : { dimParam: size })),
  };
  const elemType = ELEMENT_TYPES[elementType].number;
  return { name, type: { tensorType: { elemType, ...(shape && { shape }) } } };
}

/** The parts of a graph. */
export interface GraphParts {
  readonly name: string;
  /** In an order in which every value is made before it is used. */
  readonly nodes: readonly NodeProto[];
  readonly inputs: readonly ValueInfoProto[];
  readonly outputs: readonly ValueInfoProto[];
  readonly initializers?: readonly TensorProto[];
  readonly valueInfo?: readonly ValueInfoProto[];
}

/** Builds a graph of its parts. */
export function makeGraph(parts: GraphParts): GraphProto {
  return {
    name: parts.name,
    node: parts.nodes,
    initializer: parts.initializers ?? [],
    input: parts.inputs,
    output: parts.outputs,
    valueInfo: parts.valueInfo ?? [],
  };
}

/** What a model says of itself. */
export interface ModelOptions {
  /** @defaultValue {@link DEFAULT_OPSET} */
  readonly opset?: number;
  /** @defaultValue the first that allows the opset */
  readonly irVersion?: number;
  /** @defaultValue `segprobe` */
  readonly producer?: string;
  readonly producerVersion?: string;
  /** Free text by key (metadata_props). */
  readonly metadata?: Readonly<Record<string, string>>;
  readonly docString?: string;
}

/**
 * Builds a model around a graph.
 * @throws SegprobeError `EXPORT_UNSUPPORTED` for an opset whose IR version is not known and not given.
 */
export function makeModel(graph: GraphProto, options: ModelOptions = {}): ModelProto {
  const { opset = DEFAULT_OPSET, producer = 'segprobe', producerVersion, docString } = options;
  const irVersion = options.irVersion ?? IR_VERSION_OF_OPSET[opset];
  if (irVersion === undefined) {
    const known = Object.keys(IR_VERSION_OF_OPSET).join(', ');
    throw new SegprobeError('EXPORT_UNSUPPORTED', `expected an opset of ${known}, got ${opset}`);
  }
  return {
    irVersion,
    opsetImport: [{ domain: '', version: opset }],
    producerName: producer,
    ...(producerVersion !== undefined && { producerVersion }),
    ...(docString !== undefined && { docString }),
    graph,
    metadataProps: Object.entries(options.metadata ?? {}).map(([key, value]) => ({ key, value })),
  };
}

function makeAttribute(name: string, value: AttributeValue, opType: string): AttributeProto {
  const what = `${opType}.${name}`;
  if ('int' in value) {
    return { name, type: ATTRIBUTE_TYPES.int, i: whole(value.int, what) };
  }
  if ('ints' in value) {
    return { name, type: ATTRIBUTE_TYPES.ints, ints: value.ints.map((i) => whole(i, what)) };
  }
  if ('float' in value) return { name, type: ATTRIBUTE_TYPES.float, f: value.float };
  if ('floats' in value) return { name, type: ATTRIBUTE_TYPES.floats, floats: value.floats };
  if ('string' in value) return { name, type: ATTRIBUTE_TYPES.string, s: utf8(value.string) };
  if ('strings' in value) {
    return { name, type: ATTRIBUTE_TYPES.strings, strings: value.strings.map(utf8) };
  }
  if ('tensor' in value) return { name, type: ATTRIBUTE_TYPES.tensor, t: value.tensor };
  return { name, type: ATTRIBUTE_TYPES.graph, g: value.graph };
}

function whole(value: number, what: string): number {
  if (!Number.isSafeInteger(value)) {
    throw new SegprobeError('EXPORT_UNSUPPORTED', `${what}: expected a whole number, got ${value}`);
  }
  return value;
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
