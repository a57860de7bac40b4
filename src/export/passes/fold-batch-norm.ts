import type { NodeProto } from '../../shared/onnx/index.js';
import { floatOf, GraphEditor, type Pass, type Weights } from './graph-editor.js';

/** Which axis of the filter its output channels lie along. */
const OUTPUT_AXIS: Readonly<Record<string, 0 | 1>> = { Conv: 0, ConvTranspose: 1 };

/** ONNX's default. */
const EPSILON = 1e-5;

/**
 * Folds a batch normalisation into the convolution before it: `s·(W∗x + b − m) + β` is the convolution with `s·W` and
 * `s·(b − m) + β`, s = γ / √(v + ε). Exact but for the rounding of the products, which are computed in float64.
 */
export const foldBatchNorm: Pass = (graph) => {
  const editor = new GraphEditor(graph);
  for (const node of graph.node) {
    if (node.opType !== 'BatchNormalization') continue;
    const convolution = editor.producer(node.input[0]!);
    const axis = OUTPUT_AXIS[convolution?.opType ?? ''];
    if (convolution === undefined || axis === undefined) continue;
    if (editor.onlyReader(convolution.output[0]!) !== node) continue;
    const filter = editor.weights(convolution.input[1]);
    const affine = readAffine(editor, node);
    const isGrouped = convolution.attribute.some(({ name, i }) => name === 'group' && i !== 1);
    if (filter === undefined || affine === undefined || isGrouped) continue;
    const before = editor.weights(convolution.input[2])?.values;
    const layer = convolution.output[0]!;
    const weight = editor.addWeights(
      `${layer}.folded.weight`,
      scaleChannels(filter, axis, affine.scale),
    );
    const bias = editor.addWeights(`${layer}.folded.bias`, {
      shape: [affine.scale.length],
      values: Float32Array.from(affine.scale, (s, k) => (before?.[k] ?? 0) * s + affine.offset[k]!),
    });
    const folded: NodeProto = {
      ...convolution,
      input: [convolution.input[0]!, weight, bias],
      output: node.output.slice(0, 1),
    };
    editor.replace([convolution, node], [folded]);
  }
  return editor.finish();
};

/** What a batch normalisation does to each channel, in float64: `scale·x + offset`. */
export interface Affine {
  readonly scale: Float64Array;
  readonly offset: Float64Array;
}

/** Undefined where the numbers of a batch normalisation are computed. */
export function readAffine(editor: GraphEditor, node: NodeProto): Affine | undefined {
  const parts = node.input.slice(1).map((name) => editor.weights(name)?.values);
  if (parts.length !== 4 || parts.includes(undefined)) return undefined;
  const [gamma, beta, mean, variance] = parts as Float32Array[];
  const epsilon = floatOf(node, 'epsilon') ?? EPSILON;
  const scale = Float64Array.from(gamma!, (g, k) => g / Math.sqrt(variance![k]! + epsilon));
  return { scale, offset: scale.map((s, k) => beta![k]! - mean![k]! * s) };
}

/** Multiplies each output channel of a filter by its number. */
export function scaleChannels(
  { shape, values }: Weights,
  axis: 0 | 1,
  scale: Float64Array,
): Weights {
  const inner = shape.slice(axis + 1).reduce((product, size) => product * size, 1);
  const channels = shape[axis]!;
  return {
    shape,
    values: values.map((value, i) => value * scale[Math.floor(i / inner) % channels]!),
  };
}
