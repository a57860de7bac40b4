import { makeNode } from '../../shared/onnx/index.js';
import { channelsOf } from './channels-of.js';
import { GraphEditor, type Pass } from './graph-editor.js';

/**
 * Keeps a LeakyRelu behind a sum in the layout of the convolutions around: ONNX Runtime's CPU kernels hold feature maps in blocks
 * of channels (NCHWc) and have LeakyRelu there only as part of a convolution; by itself it is taken out of the blocks and back. A
 * depthwise 1×1 convolution with weights of 1 before it takes it in. Exact: a number times 1 is the number.
 *
 * For CPUs alone: elsewhere it is a pass more.
 */
export const blockedSums: Pass = (graph) => {
  const editor = new GraphEditor(graph);
  for (const node of graph.node) {
    if (node.opType !== 'Add') continue;
    const [sum] = node.output as [string];
    const activation = editor.onlyReader(sum);
    const channels = channelsOf(editor, sum);
    if (activation?.opType !== 'LeakyRelu' || channels === undefined) continue;
    const same = editor.fresh(`${sum}.same`);
    const weight = editor.addWeights(`${same}.weight`, {
      shape: [channels, 1, 1, 1],
      values: new Float32Array(channels).fill(1),
    });
    const attributes = { kernel_shape: { ints: [1, 1] }, group: { int: channels } };
    editor.replace(
      [activation],
      [makeNode('Conv', [sum, weight], [same], attributes), { ...activation, input: [same] }],
    );
  }
  return editor.finish();
};
