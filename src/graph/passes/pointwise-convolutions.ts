import type { GraphNode } from '../graph.js';
import { type GraphPass, metaOf } from './graph-pass.js';
import { bool, constantNode, FLOAT, floatNode, INT } from './make-node.js';

/** How each of the three convolutions of a 1×1 filter reads as a product of matrices: which inputs, and which transposed. */
const PRODUCTS = {
  Conv2D: { factors: [0, 1], transposed: [false, false] }, // x · w
  Conv2DBackpropInput: { factors: [2, 1], transposed: [false, true] }, // dy · wᵀ
  Conv2DBackpropFilter: { factors: [0, 2], transposed: [true, false] }, // xᵀ · dy
} as const;

/**
 * Computes convolutions with a filter of 1×1 and stride 1, and both their gradients, as products of matrices: pixels by
 * channels. oneDNN's convolution is the slower one for few channels.
 */
export const multiplyPointwiseConvolutions: GraphPass = (graph) => {
  const byName = new Map(graph.nodes.map((node) => [node.name, node]));
  const nodes = graph.nodes.flatMap((node) =>
    isPointwise(node, byName) ? toProduct(node, byName) : [node],
  );
  return { ...graph, nodes };
};

function isPointwise(node: GraphNode, byName: ReadonlyMap<string, GraphNode>): boolean {
  if (!(node.op in PRODUCTS)) return false;
  const isGradient = node.op === 'Conv2DBackpropFilter';
  const filter = isGradient ? node.outputs[0]! : metaOf(node.inputs[1]!, byName);
  const { strides, padding } = node.attributes;
  return (
    filter.shape[0] === 1 &&
    filter.shape[1] === 1 &&
    strides?.kind === 'ints' &&
    strides.value.every((stride) => stride === 1) &&
    padding?.value !== 'EXPLICIT'
  );
}

function toProduct(
  { name, op, inputs, outputs }: GraphNode,
  byName: ReadonlyMap<string, GraphNode>,
): GraphNode[] {
  const { factors, transposed } = PRODUCTS[op as keyof typeof PRODUCTS];
  const matrices = factors.map((input, i) => {
    const { shape } = metaOf(inputs[input]!, byName);
    const columns = shape.at(-1)!;
    const rows = shape.slice(0, -1).reduce((product, n) => product * n, 1);
    return reshape(`${name}/factor${i}`, inputs[input]!, [rows, columns]);
  });
  const attributes = {
    T: FLOAT,
    transpose_a: bool(transposed[0]),
    transpose_b: bool(transposed[1]),
  };
  const [a, b] = matrices.map(([, matrix]) => matrix.outputs[0]!.shape);
  const shape = [transposed[0] ? a![1]! : a![0]!, transposed[1] ? b![0]! : b![1]!];
  const taken = matrices.map(([, matrix]) => matrix);
  const product = floatNode(`${name}/product`, 'MatMul', taken, attributes, shape);
  return [...matrices.flat(), product, ...reshape(name, product.name, outputs[0]!.shape)];
}

/** A reshape called `name`, after the constant that it needs. */
function reshape(name: string, input: string, shape: readonly number[]): [GraphNode, GraphNode] {
  const sizes = constantNode(`${name}/shape`, shape);
  const attributes = { T: FLOAT, Tshape: INT };
  return [sizes, floatNode(name, 'Reshape', [input, sizes.name], attributes, shape)];
}
