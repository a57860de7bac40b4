import { makeNode } from '../../shared/onnx/index.js';
import { GraphEditor, type Pass } from './graph-editor.js';

/**
 * Makes a PRelu with one slope for all channels a LeakyRelu: the same function, `x < 0 ? slope·x : x`, in an operator that
 * runtimes fuse into the convolution before it, and that all of them have.
 */
export const leakyRelu: Pass = (graph) => {
  const editor = new GraphEditor(graph);
  for (const node of graph.node) {
    if (node.opType !== 'PRelu') continue;
    const slope = editor.weights(node.input[1])?.values;
    if (slope?.length !== 1) continue;
    const leaky = makeNode('LeakyRelu', [node.input[0]!], node.output, {
      alpha: { float: slope[0]! },
    });
    editor.replace([node], [node.name === undefined ? leaky : { ...leaky, name: node.name }]);
  }
  return editor.finish();
};
