/** Element types of tensors by their number in onnx.proto (TensorProto.DataType), with bytes an element. */
export const ELEMENT_TYPES = {
  float32: { number: 1, bytes: 4 },
  uint8: { number: 2, bytes: 1 },
  int8: { number: 3, bytes: 1 },
  uint16: { number: 4, bytes: 2 },
  int16: { number: 5, bytes: 2 },
  int32: { number: 6, bytes: 4 },
  int64: { number: 7, bytes: 8 },
  bool: { number: 9, bytes: 1 },
  float16: { number: 10, bytes: 2 },
  float64: { number: 11, bytes: 8 },
  uint32: { number: 12, bytes: 4 },
  uint64: { number: 13, bytes: 8 },
  bfloat16: { number: 16, bytes: 2 },
} as const satisfies Record<string, { readonly number: number; readonly bytes: number }>;

export type ElementType = keyof typeof ELEMENT_TYPES;

/** Kinds of attributes by their number in onnx.proto (AttributeProto.AttributeType). */
export const ATTRIBUTE_TYPES = {
  float: 1,
  int: 2,
  string: 3,
  tensor: 4,
  graph: 5,
  floats: 6,
  ints: 7,
  strings: 8,
} as const;

/** A size, a symbolic name such as `N`, or nothing known. */
export interface DimensionProto {
  readonly dimValue?: number;
  readonly dimParam?: string;
}

export interface TensorShapeProto {
  readonly dim: readonly DimensionProto[];
}

export interface TypeProto {
  readonly tensorType?: { readonly elemType: number; readonly shape?: TensorShapeProto };
}

/** An input, output or inner value of a graph with its type. */
export interface ValueInfoProto {
  readonly name: string;
  readonly type?: TypeProto;
  readonly docString?: string;
}

/** Values by name or attribute. `rawData` is little-endian; files of other writers may use the typed lists instead. */
export interface TensorProto {
  readonly name?: string;
  readonly dims: readonly number[];
  /** See {@link ELEMENT_TYPES}. */
  readonly dataType: number;
  readonly rawData?: Uint8Array;
  readonly floatData?: readonly number[];
  readonly int32Data?: readonly number[];
  readonly int64Data?: readonly number[];
  readonly uint64Data?: readonly number[];
  readonly doubleData?: readonly number[];
  readonly stringData?: readonly Uint8Array[];
  readonly externalData?: readonly StringStringEntryProto[];
  readonly dataLocation?: number;
  readonly docString?: string;
}

export interface AttributeProto {
  readonly name: string;
  /** See {@link ATTRIBUTE_TYPES}: says which field below is in use. */
  readonly type: number;
  readonly f?: number;
  readonly i?: number;
  readonly s?: Uint8Array;
  readonly t?: TensorProto;
  readonly g?: GraphProto;
  readonly floats?: readonly number[];
  readonly ints?: readonly number[];
  readonly strings?: readonly Uint8Array[];
}

export interface NodeProto {
  readonly opType: string;
  /** Names of values; an empty name leaves an optional input out. */
  readonly input: readonly string[];
  readonly output: readonly string[];
  readonly name?: string;
  readonly domain?: string;
  readonly attribute: readonly AttributeProto[];
  readonly docString?: string;
}

export interface GraphProto {
  readonly name?: string;
  /** In an order in which every value is made before it is used. */
  readonly node: readonly NodeProto[];
  readonly initializer: readonly TensorProto[];
  readonly input: readonly ValueInfoProto[];
  readonly output: readonly ValueInfoProto[];
  readonly valueInfo: readonly ValueInfoProto[];
  readonly docString?: string;
}

export interface OperatorSetIdProto {
  /** Empty for ONNX's own operators. */
  readonly domain?: string;
  readonly version: number;
}

export interface StringStringEntryProto {
  readonly key: string;
  readonly value: string;
}

/** A whole ONNX file. */
export interface ModelProto {
  readonly irVersion: number;
  readonly opsetImport: readonly OperatorSetIdProto[];
  readonly producerName?: string;
  readonly producerVersion?: string;
  readonly domain?: string;
  readonly modelVersion?: number;
  readonly docString?: string;
  readonly graph: GraphProto;
  readonly metadataProps: readonly StringStringEntryProto[];
}
