import protobuf from 'protobufjs/light.js';

/** A field: its number on the wire, its type, and whether it repeats (packed only where onnx.proto says so). */
type Field = readonly [number: number, type: string, rule?: 'repeated' | 'packed' | 'oneof'];

/**
 * The messages of onnx.proto that segmentation models use, field by field. Nested messages stand here under names of
 * their own (only numbers and types go on the wire), enums as int32. Fields that are missing are kept by the decoder
 * as unknown bytes or dropped; they are never misread.
 * @see https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
 */
const MESSAGES: Readonly<Record<string, Readonly<Record<string, Field>>>> = {
  ModelProto: {
    irVersion: [1, 'int64'],
    opsetImport: [8, 'OperatorSetIdProto', 'repeated'],
    producerName: [2, 'string'],
    producerVersion: [3, 'string'],
    domain: [4, 'string'],
    modelVersion: [5, 'int64'],
    docString: [6, 'string'],
    graph: [7, 'GraphProto'],
    metadataProps: [14, 'StringStringEntryProto', 'repeated'],
  },
  OperatorSetIdProto: { domain: [1, 'string'], version: [2, 'int64'] },
  StringStringEntryProto: { key: [1, 'string'], value: [2, 'string'] },
  GraphProto: {
    node: [1, 'NodeProto', 'repeated'],
    name: [2, 'string'],
    initializer: [5, 'TensorProto', 'repeated'],
    docString: [10, 'string'],
    input: [11, 'ValueInfoProto', 'repeated'],
    output: [12, 'ValueInfoProto', 'repeated'],
    valueInfo: [13, 'ValueInfoProto', 'repeated'],
  },
  NodeProto: {
    input: [1, 'string', 'repeated'],
    output: [2, 'string', 'repeated'],
    name: [3, 'string'],
    opType: [4, 'string'],
    attribute: [5, 'AttributeProto', 'repeated'],
    docString: [6, 'string'],
    domain: [7, 'string'],
  },
  AttributeProto: {
    name: [1, 'string'],
    f: [2, 'float'],
    i: [3, 'int64'],
    s: [4, 'bytes'],
    t: [5, 'TensorProto'],
    g: [6, 'GraphProto'],
    floats: [7, 'float', 'repeated'],
    ints: [8, 'int64', 'repeated'],
    strings: [9, 'bytes', 'repeated'],
    tensors: [10, 'TensorProto', 'repeated'],
    graphs: [11, 'GraphProto', 'repeated'],
    docString: [13, 'string'],
    type: [20, 'int32'],
    refAttrName: [21, 'string'],
  },
  TensorProto: {
    dims: [1, 'int64', 'repeated'],
    dataType: [2, 'int32'],
    floatData: [4, 'float', 'packed'],
    int32Data: [5, 'int32', 'packed'],
    stringData: [6, 'bytes', 'repeated'],
    int64Data: [7, 'int64', 'packed'],
    name: [8, 'string'],
    rawData: [9, 'bytes'],
    doubleData: [10, 'double', 'packed'],
    uint64Data: [11, 'uint64', 'packed'],
    docString: [12, 'string'],
    externalData: [13, 'StringStringEntryProto', 'repeated'],
    dataLocation: [14, 'int32'],
  },
  ValueInfoProto: { name: [1, 'string'], type: [2, 'TypeProto'], docString: [3, 'string'] },
  TypeProto: { tensorType: [1, 'TensorTypeProto'], denotation: [6, 'string'] },
  TensorTypeProto: { elemType: [1, 'int32'], shape: [2, 'TensorShapeProto'] },
  TensorShapeProto: { dim: [1, 'DimensionProto', 'repeated'] },
  DimensionProto: {
    dimValue: [1, 'int64', 'oneof'],
    dimParam: [2, 'string', 'oneof'],
    denotation: [3, 'string'],
  },
};

let modelType: protobuf.Type | undefined;

/** The ModelProto message type: encodes and decodes ONNX files. Built on first use. */
export function modelProtoType(): protobuf.Type {
  modelType ??= protobuf.Root.fromJSON({
    nested: Object.fromEntries(
      Object.entries(MESSAGES).map(([name, fields]) => [name, toDescriptor(fields)]),
    ),
  }).lookupType('ModelProto');
  return modelType;
}

/** The number of ModelProto's field `name`. */
export function modelFieldNumber(name: string): number {
  return MESSAGES['ModelProto']![name]![0];
}

function toDescriptor(fields: Readonly<Record<string, Field>>): protobuf.AnyNestedObject {
  const entries = Object.entries(fields);
  const either = entries.filter(([, [, , rule]]) => rule === 'oneof').map(([name]) => name);
  const descriptor = {
    // proto2: a field is written whenever it is set, zero or not; the ONNX checker asks for that.
    edition: 'proto2',
    fields: Object.fromEntries(
      entries.map(([name, [id, type, rule]]) => [
        name,
        {
          id,
          type,
          ...(rule === 'repeated' && { rule: 'repeated' }),
          ...(rule === 'packed' && { rule: 'repeated', options: { packed: true } }),
        },
      ]),
    ),
    ...(either.length > 0 && { oneofs: { value: { oneof: either } } }),
  };
  return descriptor;
}
