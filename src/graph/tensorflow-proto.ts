import protobuf from 'protobufjs';

const repeated = (type: string, id: number) => ({ rule: 'repeated', type, id });
const map = (type: string, id: number) => ({ keyType: 'string', type, id });
const field = (type: string, id: number) => ({ type, id });

/**
 * The messages of TensorFlow that a SavedModel of ours needs, with the field numbers of tensorflow/core/framework/*.proto and
 * tensorflow/core/protobuf/{saved_model,meta_graph}.proto. Fields that are not written are left out.
 */
const SCHEMA: protobuf.INamespace = {
  nested: {
    SavedModel: {
      fields: {
        savedModelSchemaVersion: field('int64', 1),
        metaGraphs: repeated('MetaGraphDef', 2),
      },
    },
    MetaGraphDef: {
      fields: {
        metaInfoDef: field('MetaInfoDef', 1),
        graphDef: field('GraphDef', 2),
        collectionDef: map('CollectionDef', 4),
      },
    },
    MetaInfoDef: { fields: { tags: repeated('string', 4), tensorflowVersion: field('string', 5) } },
    CollectionDef: { fields: { nodeList: field('NodeList', 1) } },
    NodeList: { fields: { value: repeated('string', 1) } },
    GraphDef: {
      fields: {
        node: repeated('NodeDef', 1),
        library: field('FunctionDefLibrary', 2),
        versions: field('VersionDef', 4),
      },
    },
    VersionDef: { fields: { producer: field('int32', 1), minConsumer: field('int32', 2) } },
    NodeDef: {
      fields: {
        name: field('string', 1),
        op: field('string', 2),
        input: repeated('string', 3),
        attr: map('AttrValue', 5),
      },
    },
    AttrValue: {
      oneofs: {
        value: { oneof: ['list', 's', 'i', 'f', 'b', 'type', 'shape', 'tensor', 'func'] },
      },
      fields: {
        list: field('ListValue', 1),
        s: field('bytes', 2),
        i: field('int64', 3),
        f: field('float', 4),
        b: field('bool', 5),
        type: field('int32', 6),
        shape: field('TensorShapeProto', 7),
        tensor: field('TensorProto', 8),
        func: field('NameAttrList', 10),
      },
    },
    ListValue: { fields: { i: repeated('int64', 3), type: repeated('int32', 6) } },
    NameAttrList: { fields: { name: field('string', 1) } },
    TensorShapeProto: { fields: { dim: repeated('Dim', 2) } },
    Dim: { fields: { size: field('int64', 1) } },
    TensorProto: {
      fields: {
        dtype: field('int32', 1),
        tensorShape: field('TensorShapeProto', 2),
        tensorContent: field('bytes', 4),
      },
    },
    FunctionDefLibrary: { fields: { function: repeated('FunctionDef', 1) } },
    FunctionDef: {
      fields: {
        signature: field('OpDef', 1),
        nodeDef: repeated('NodeDef', 3),
        ret: map('string', 4),
        attr: map('AttrValue', 5),
      },
    },
    OpDef: {
      fields: {
        name: field('string', 1),
        inputArg: repeated('ArgDef', 2),
        outputArg: repeated('ArgDef', 3),
      },
    },
    ArgDef: { fields: { name: field('string', 1), type: field('int32', 3) } },
  },
};

/** TensorFlow's SavedModel message. */
export const SavedModelProto = protobuf.Root.fromJSON({ ...SCHEMA }).lookupType('SavedModel');
