import type { NodeProto } from '../../shared/onnx/index.js';
import { GraphEditor, type Pass } from './graph-editor.js';

/** Operators that make no negative number where they read none. */
const KEEPS_SIGN: ReadonlySet<string> = new Set(['Add', 'Concat', 'DepthToSpace', 'MaxPool']);

/** Drops a Relu of what cannot be negative: a sum of what has been through Relu. The same function, to the bit. */
export const reluOfRelus: Pass = (graph) => {
  const editor = new GraphEditor(graph);
  for (const node of graph.node) {
    const [from, to] = [node.input[0]!, node.output[0]!];
    if (node.opType !== 'Relu' || editor.isOutput(to) || !isNotNegative(editor, from)) continue;
    editor.redirect(to, from);
  }
  return editor.finish();
};

function isNotNegative(editor: GraphEditor, value: string): boolean {
  const node = editor.producer(value);
  if (node === undefined) return false;
  return node.opType === 'Relu' || (KEEPS_SIGN.has(node.opType) && all(editor, node));
}

function all(editor: GraphEditor, { input }: NodeProto): boolean {
  return input.every((name) => isNotNegative(editor, name));
}
