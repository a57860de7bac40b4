import type { GraphNode } from '../graph.js';
import { type GraphPass, metaOf } from './graph-pass.js';
import { constantNode, FLOAT, floatNode, INT } from './make-node.js';

/** float32's lowest number: no maximum is ever taken from the padding. */
const LOWEST = -3.4028234663852886e38;

/**
 * Pads with an operator of its own where a window is padded explicitly, as PyTorch pads even sizes. TensorFlow's fast kernels on
 * CPUs, oneDNN's, take explicit padding in convolutions alone; max pooling and both gradients of a convolution fall back on
 * kernels several times slower.
 */
export const padExplicitly: GraphPass = (graph) => {
  const byName = new Map(graph.nodes.map((node) => [node.name, node]));
  const nodes = graph.nodes.flatMap((node) => {
    const pads = node.attributes['explicit_paddings'];
    if (node.attributes['padding']?.value !== 'EXPLICIT' || pads?.kind !== 'ints') return [node];
    switch (node.op) {
      case 'MaxPool':
        return padInput(node, pads.value, LOWEST, byName);
      case 'Conv2DBackpropFilter':
        return padInput(node, pads.value, 0, byName);
      case 'Conv2DBackpropInput':
        return cutOutput(node, pads.value);
      default:
        return [node];
    }
  });
  return { ...graph, nodes };
};

/** The operator over its first input padded with `value`. */
function padInput(
  node: GraphNode,
  pads: readonly number[],
  value: number,
  byName: ReadonlyMap<string, GraphNode>,
): GraphNode[] {
  const [x, ...rest] = node.inputs;
  const amounts = constantNode(`${node.name}/amounts`, pads);
  // PadV2 takes a matrix, one row an axis.
  const rows = { dtype: 'int32', shape: [pads.length / 2, 2] } as const;
  const matrix: GraphNode = {
    ...amounts,
    attributes: {
      ...amounts.attributes,
      value: { kind: 'tensor', value: { ...rows, values: Int32Array.from(pads) } },
    },
    outputs: [rows],
  };
  const filling = constantNode(`${node.name}/filling`, value);
  const padded = floatNode(
    `${node.name}/padded`,
    'PadV2',
    [x!, matrix.name, filling.name],
    { T: FLOAT, Tpaddings: INT },
    grown(metaOf(x!, byName).shape, pads),
  );
  const unpadded = { ...withoutPadding(node), inputs: [padded.name, ...rest] };
  return [matrix, filling, padded, unpadded];
}

/** The gradient of the padded input, and the part of it that is the input's. */
function cutOutput(node: GraphNode, pads: readonly number[]): GraphNode[] {
  const [, filter, dy] = node.inputs;
  const { shape } = node.outputs[0]!;
  const whole = grown(shape, pads);
  const sizes = constantNode(`${node.name}/whole/sizes`, whole);
  const gradient = floatNode(
    `${node.name}/whole`,
    node.op,
    [sizes.name, filter!, dy!],
    withoutPadding(node).attributes,
    whole,
  );
  const before = pads.filter((_, i) => i % 2 === 0);
  const begin = constantNode(`${node.name}/begin`, before);
  const size = constantNode(`${node.name}/size`, shape);
  const cut = floatNode(
    node.name,
    'Slice',
    [gradient, begin, size],
    { T: FLOAT, Index: INT },
    shape,
  );
  return [sizes, gradient, begin, size, cut];
}

function grown(shape: readonly number[], pads: readonly number[]): number[] {
  return shape.map((n, axis) => n + pads[2 * axis]! + pads[2 * axis + 1]!);
}

function withoutPadding(node: GraphNode): GraphNode {
  const attributes = { ...node.attributes, padding: { kind: 'string', value: 'VALID' } } as const;
  const kept = Object.entries(attributes).filter(([name]) => name !== 'explicit_paddings');
  return { ...node, attributes: Object.fromEntries(kept) };
}
