import { makeNode, type NodeProto } from '../../shared/onnx/index.js';
import { channelsOf } from './channels-of.js';
import { GraphEditor, intOf, type Pass, type Weights } from './graph-editor.js';
import { padsChannelsAlone } from './name-sizes.js';
import { BLOCK } from './sink-shuffles.js';

/** Activations that leave the zeros of channels that are only filled up. */
const KEEPS_ZERO: ReadonlySet<string> = new Set(['LeakyRelu', 'Relu']);

/**
 * Joins channels that are no whole blocks, and fills channels up with zeros, by convolutions: ONNX Runtime's CPU kernels hold feature maps in
 * blocks of channels, and take them out of these and back for a Concat of 13 and 3 channels and for a Pad. A 1×1 convolution with weights of 1
 * puts each channel at its place instead, and adds what stands at the others; a convolution that makes a part makes zeros there by itself.
 * Exact: numbers are multiplied by 1 and added to 0.
 *
 * For CPUs alone: elsewhere it is arithmetic for nothing.
 */
export const channelsBySum: Pass = (graph) => {
  const editor = new GraphEditor(graph);
  for (const node of graph.node) {
    const placed = placedChannels(editor, node);
    if (placed !== undefined) editor.replace(placed.old, placed.by);
  }
  return editor.finish();
};

function placedChannels(
  editor: GraphEditor,
  node: NodeProto,
): { old: NodeProto[]; by: NodeProto[] } | undefined {
  const [result] = node.output as [string];
  if (node.opType === 'Pad' && padsChannelsAlone(editor, node)) {
    const from = channelsOf(editor, node.input[0]!);
    const total = channelsOf(editor, result);
    if (from === undefined || total === undefined) return undefined;
    const placed = placing(editor, node.input[0]!, { from, at: 0, total });
    return { old: [node], by: [{ ...placed, output: [result] }] };
  }
  if (node.opType !== 'Concat' || intOf(node, 'axis') !== 1) return undefined;
  const [first, last, ...others] = node.input as [string, string, ...string[]];
  const [own, rest] = [channelsOf(editor, first), channelsOf(editor, last)];
  if (own === undefined || rest === undefined || others.length > 0) return undefined;
  const total = own + rest;
  const made = fillingUp(editor, first, total);
  if (total % BLOCK !== 0 || own % BLOCK === 0 || made === undefined) return undefined;
  const placed = placing(editor, last, { from: rest, at: own, total });
  const sum = makeNode('Add', [placed.output[0]!, made.output], [result]);
  return { old: [...made.old, node], by: [...made.by, placed, sum] };
}

/** A 1×1 convolution that puts channels of a value at a place among zeros. */
function placing(
  editor: GraphEditor,
  value: string,
  { from, at, total }: { from: number; at: number; total: number },
): NodeProto {
  const values = new Float32Array(total * from);
  for (let c = 0; c < from; c++) values[(at + c) * from + c] = 1;
  const output = editor.fresh(`${value}.placed`);
  const weight = editor.addWeights(`${output}.weight`, { shape: [total, from, 1, 1], values });
  return makeNode('Conv', [value, weight], [output], { kernel_shape: { ints: [1, 1] } });
}

/** The convolution that makes a value, and its activation, with channels of zeros behind its own; undefined where something else makes it. */
function fillingUp(
  editor: GraphEditor,
  value: string,
  total: number,
): { old: NodeProto[]; by: NodeProto[]; output: string } | undefined {
  const end = editor.producer(value);
  if (end === undefined || editor.onlyReader(value) === undefined) return undefined;
  const convolution = KEEPS_ZERO.has(end.opType) ? editor.producer(end.input[0]!) : end;
  if (convolution?.opType !== 'Conv' || (intOf(convolution, 'group') ?? 1) !== 1) return undefined;
  if (convolution !== end && editor.onlyReader(convolution.output[0]!) !== end) return undefined;
  const parameters = convolution.input.slice(1).map((name) => editor.weights(name));
  if (parameters.includes(undefined)) return undefined;
  const filled = parameters.map((weights, i) =>
    editor.addWeights(`${convolution.input[i + 1]!}.filled`, filledUp(weights!, total)),
  );
  const rename = (node: NodeProto, input: readonly string[]): NodeProto => {
    const output = editor.fresh(`${node.output[0]!}.filled`);
    return { opType: node.opType, attribute: node.attribute, input, output: [output] };
  };
  const wide = rename(convolution, [convolution.input[0]!, ...filled]);
  if (convolution === end) return { old: [end], by: [wide], output: wide.output[0]! };
  const activated = rename(end, wide.output);
  return { old: [convolution, end], by: [wide, activated], output: activated.output[0]! };
}

function filledUp({ shape, values }: Weights, total: number): Weights {
  const filled = new Float32Array((values.length / shape[0]!) * total);
  filled.set(values);
  return { shape: [total, ...shape.slice(1)], values: filled };
}
