import type { NodeProto } from '../../shared/onnx/index.js';
import { GraphEditor, type Pass } from './graph-editor.js';

/**
 * Folds a product with one positive number into the convolutions and batch normalisations that read it, through poolings of maxima: bytes made
 * shares of 255 cost no pass over the picture then. Exact but for rounding: the largest of scaled numbers is the scaled largest.
 */
export const foldScale: Pass = (graph) => {
  const editor = new GraphEditor(graph);
  for (const node of graph.node) {
    const factor = editor.weights(node.input[1])?.values;
    if (node.opType !== 'Mul' || factor?.length !== 1 || !(factor[0]! > 0)) continue;
    const readers = readersThroughPools(editor, node.output[0]!);
    if (readers === undefined) continue;
    for (const reader of readers) editor.replace([reader], [scaled(editor, reader, factor[0]!)]);
    editor.redirect(node.output[0]!, node.input[0]!);
  }
  return editor.finish();
};

/** The convolutions and normalisations that read a value; undefined where something else does, or their numbers are computed. */
function readersThroughPools(editor: GraphEditor, value: string): NodeProto[] | undefined {
  if (editor.isOutput(value)) return undefined;
  const found = editor.readers(value).map((reader) => {
    if (reader.opType === 'MaxPool') return readersThroughPools(editor, reader.output[0]!);
    const canScale =
      (reader.opType === 'Conv' && editor.weights(reader.input[1]) !== undefined) ||
      (reader.opType === 'BatchNormalization' &&
        [reader.input[1], reader.input[3]].every((name) => editor.weights(name) !== undefined));
    return canScale ? [reader] : undefined;
  });
  return found.includes(undefined) ? undefined : found.flatMap((readers) => readers ?? []);
}

/** The node that makes of x what this one makes of `factor` · x. */
function scaled(editor: GraphEditor, node: NodeProto, factor: number): NodeProto {
  const times = (name: string, by: number): string => {
    const { shape, values } = editor.weights(name)!;
    return editor.addWeights(`${name}.scaled`, { shape, values: values.map((v) => v * by) });
  };
  const [x, first, ...others] = node.input as [string, string, ...string[]];
  if (node.opType === 'Conv') return { ...node, input: [x, times(first, factor), ...others] };
  // γ (f x − μ) / √(σ² + ε) + β = (γ f) (x − μ / f) / √(σ² + ε) + β
  const [beta, mean, variance] = others as [string, string, string];
  const input = [x, times(first, factor), beta, times(mean, 1 / factor), variance];
  return { ...node, input };
}
