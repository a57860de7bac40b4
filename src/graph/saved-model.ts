import {
  type Attribute,
  type Attributes,
  type Constant,
  type Graph,
  type GraphFunction,
  type GraphNode,
  parseReference,
} from './graph.js';
import { TF_DTYPE } from './node-backend.js';
import { SavedModelProto } from './tensorflow-proto.js';

/** The node that gives every variable its first value; TensorFlow runs it when the model is loaded. */
const INIT_NODE = 'initialize';

/** Attributes under which TensorFlow compiles a function by XLA and does not inline it. */
const XLA_FUNCTION: Attributes = {
  _XlaMustCompile: { kind: 'bool', value: true },
  _noinline: { kind: 'bool', value: true },
};

/**
 * Encodes a graph as the bytes of a `saved_model.pb`.
 *
 * @param initial - the first value of each of the graph's variables.
 * @see https://www.tensorflow.org/guide/saved_model
 */
export function encodeSavedModel(
  graph: Graph,
  initial: Readonly<Record<string, Constant>>,
): Uint8Array {
  const assigned = Object.keys(graph.variables).flatMap((name) =>
    initialNodes(name, initial[name]!),
  );
  const assignments = assigned.filter(({ op }) => op === 'AssignVariableOp');
  const initialize: GraphNode = {
    name: INIT_NODE,
    op: 'NoOp',
    inputs: assignments.map(({ name }) => `^${name}`),
    attributes: {},
    outputs: [],
  };
  return SavedModelProto.encode({
    savedModelSchemaVersion: 1,
    metaGraphs: [
      {
        metaInfoDef: { tags: ['serve'], tensorflowVersion: '2.21.0' },
        graphDef: {
          node: [...graph.nodes, ...assigned, initialize].map((node) => encodeNode(node)),
          library: { function: graph.functions.map(encodeFunction) },
          // The GraphDef version of TensorFlow 2.9, the oldest that is run; newer ones read it.
          versions: { producer: 1087, minConsumer: 12 },
        },
        collectionDef: { saved_model_main_op: { nodeList: { value: [INIT_NODE] } } },
      },
    ],
  }).finish();
}

function initialNodes(variable: string, value: Constant): GraphNode[] {
  const dtype = { kind: 'type', value: value.dtype } as const;
  const constant: GraphNode = {
    name: `${variable}/initial`,
    op: 'Const',
    inputs: [],
    attributes: { dtype, value: { kind: 'tensor', value } },
    outputs: [value],
  };
  const assign: GraphNode = {
    name: `${variable}/initialize`,
    op: 'AssignVariableOp',
    inputs: [variable, constant.name],
    attributes: { dtype },
    outputs: [],
  };
  return [constant, assign];
}

function encodeNode({ name, op, inputs, attributes }: GraphNode): object {
  return { name, op, input: inputs, attr: encodeAttributes(attributes) };
}

function encodeFunction({ name, parameters, nodes, results }: GraphFunction): object {
  const inner = new Map(nodes.map((node) => [node.name, node]));
  const toBody = (reference: string): string => functionReference(reference, inner);
  return {
    signature: {
      name,
      inputArg: parameters.map((parameter) => ({
        name: parameter.name,
        type: TF_DTYPE[parameter.dtype],
      })),
      outputArg: results.map(({ dtype }, i) => ({ name: `result${i}`, type: TF_DTYPE[dtype] })),
    },
    attr: encodeAttributes(XLA_FUNCTION),
    nodeDef: nodes.map((node) => encodeNode({ ...node, inputs: node.inputs.map(toBody) })),
    ret: Object.fromEntries(results.map(({ reference }, i) => [`result${i}`, toBody(reference)])),
  };
}

/**
 * The names of the outputs of operators whose output is not called `z`, for references inside functions; from TensorFlow's
 * operator registry.
 */
const OUTPUT_NAMES: Readonly<Record<string, readonly string[]>> = {
  ...outputNames(
    'y',
    'Cast Exp Expm1 Log Log1p Abs Neg Square Sqrt Rsqrt Sign Sigmoid Tanh Sin Cos Reciprocal IsNan ZerosLike OnesLike ' +
      'Floor Ceil Round LogicalNot Transpose',
  ),
  ...outputNames(
    'output',
    'Const Sum Mean Max Min Prod All Any ArgMax Reshape Fill Select SelectV2 PadV2 Tile OneHot GatherV2 ScatterNd Range ' +
      'Slice ConcatV2 SplitV Identity StopGradient BatchMatMulV2 StatelessRandomUniform Conv2D Conv2DBackpropInput ' +
      'Conv2DBackpropFilter BiasAdd MaxPool MaxPoolGrad',
  ),
  ...outputNames('activations', 'Relu Relu6 LeakyRelu Softplus'),
  ...outputNames('backprops', 'ReluGrad LeakyReluGrad'),
  Softmax: ['softmax'],
  LogSoftmax: ['logsoftmax'],
  MatMul: ['product'],
  AddN: ['sum'],
  MaxPoolWithArgmax: ['output', 'argmax'],
  SparseSoftmaxCrossEntropyWithLogits: ['loss', 'backprop'],
  SoftmaxCrossEntropyWithLogits: ['loss', 'backprop'],
  FusedBatchNorm: ['y', 'batch_mean', 'batch_variance', 'reserve_space_1', 'reserve_space_2'],
  FusedBatchNormV3: [
    'y',
    'batch_mean',
    'batch_variance',
    'reserve_space_1',
    'reserve_space_2',
    'reserve_space_3',
  ],
  FusedBatchNormGradV3: [
    'x_backprop',
    'scale_backprop',
    'offset_backprop',
    'reserve_space_4',
    'reserve_space_5',
  ],
};

function outputNames(name: string, ops: string): Record<string, readonly string[]> {
  return Object.fromEntries(ops.split(' ').map((op) => [op, [name]]));
}

/** Inside a function an output is called `node:outputName:index`, a parameter by its name alone. */
function functionReference(reference: string, inner: ReadonlyMap<string, GraphNode>): string {
  const { node, output } = parseReference(reference);
  const source = inner.get(node);
  if (source === undefined) return reference;
  const names = OUTPUT_NAMES[source.op] ?? ['z'];
  return names.length > 1 ? `${node}:${names[output]}:0` : `${node}:${names[0]}:${output}`;
}

function encodeAttributes(attributes: Attributes): object {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, value]) => [name, encodeAttribute(value)]),
  );
}

function encodeAttribute({ kind, value }: Attribute): object {
  switch (kind) {
    case 'string':
      return { s: Buffer.from(value) };
    case 'int':
      return { i: value };
    case 'ints':
      return { list: { i: value } };
    case 'float':
      return { f: value };
    case 'bool':
      return { b: value };
    case 'type':
      return { type: TF_DTYPE[value] };
    case 'types':
      return { list: { type: value.map((dtype) => TF_DTYPE[dtype]) } };
    case 'shape':
      return { shape: encodeShape(value) };
    case 'function':
      return { func: { name: value } };
    case 'tensor': {
      const { values } = value;
      return {
        tensor: {
          dtype: TF_DTYPE[value.dtype],
          tensorShape: encodeShape(value.shape),
          tensorContent: new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
        },
      };
    }
  }
}

function encodeShape(shape: readonly number[]): object {
  return { dim: shape.map((size) => ({ size })) };
}
