import { makeNode, type NodeProto } from '../../shared/onnx/index.js';
import { channelsOf } from './channels-of.js';
import { GraphEditor, intOf, type Pass } from './graph-editor.js';

/** Operators that do the same to each number of a channel, whatever stands in the others. */
const BY_CHANNEL: ReadonlySet<string> = new Set(['BatchNormalization', 'PRelu', 'Relu']);

/**
 * Computes a batch normalisation and an activation behind a Concat of channels before it, on each part: behind a convolution they are then
 * folded and fused into it. Exact: the same numbers.
 */
export const beforeConcat: Pass = (graph) => {
  const editor = new GraphEditor(graph);
  for (const node of graph.node) {
    const concat = editor.producer(node.input[0]!);
    if (!BY_CHANNEL.has(node.opType) || concat?.opType !== 'Concat') continue;
    if (intOf(concat, 'axis') !== 1 || editor.onlyReader(concat.output[0]!) !== node) continue;
    const parts = onEachPart(editor, node, concat.input);
    if (parts === undefined) continue;
    const joined = parts.map(({ output }) => output[0]!);
    editor.replace([concat, node], [...parts, { ...concat, input: joined, output: node.output }]);
  }
  return editor.finish();
};

/** The node for each part of the channels; undefined where it is not known which they are. */
function onEachPart(
  editor: GraphEditor,
  node: NodeProto,
  parts: readonly string[],
): NodeProto[] | undefined {
  const parameters = node.input.slice(1).map((name) => editor.weights(name));
  const counts = parts.map((part) => channelsOf(editor, part));
  if (parameters.includes(undefined) || counts.includes(undefined)) return undefined;
  let start = 0;
  return parts.map((part, i) => {
    const end = start + counts[i]!;
    const own = parameters.map((weights, k) => {
      const { shape, values } = weights!;
      if (values.length === 1) return node.input[k + 1]!; // One slope for all channels.
      return editor.addWeights(`${node.input[k + 1]!}.part${i}`, {
        shape: [end - start, ...shape.slice(1)],
        values: values.slice(start, end),
      });
    });
    start = end;
    const output = editor.fresh(`${node.output[0]!}.part${i}`);
    return { ...makeNode(node.opType, [part, ...own], [output]), attribute: node.attribute };
  });
}
