import type { GraphEditor } from './graph-editor.js';

/** How many channels a value has: what the convolution that it comes from makes, through nodes that leave channels alone; undefined
 * where that is not known. */
export function channelsOf(editor: GraphEditor, value: string): number | undefined {
  const node = editor.producer(value);
  if (node === undefined) return editor.inputShape(value)?.[1];
  switch (node.opType) {
    case 'Conv':
      return editor.weights(node.input[1])?.shape[0];
    case 'ConvTranspose':
      return editor.weights(node.input[1])?.shape[1];
    case 'DepthToSpace': {
      const channels = channelsOf(editor, node.input[0]!);
      return channels === undefined ? undefined : channels / 4;
    }
    case 'Concat': {
      const parts = node.input.map((name) => channelsOf(editor, name));
      const isKnown = parts.every((channels) => channels !== undefined);
      return isKnown ? parts.reduce((sum, channels) => sum + channels, 0) : undefined;
    }
    case 'Pad': {
      const [, before, , , , after] = editor.integers(node.input[1]) ?? [];
      const channels = channelsOf(editor, node.input[0]!);
      if (channels === undefined || before === undefined || after === undefined) return undefined;
      return before + channels + after;
    }
    case 'Add':
    case 'Mul':
      return channelsOf(editor, node.input[0]!) ?? channelsOf(editor, node.input[1]!);
    case 'HardSigmoid':
    case 'Relu':
    case 'LeakyRelu':
    case 'MaxPool':
    case 'BatchNormalization':
    case 'PRelu':
      return channelsOf(editor, node.input[0]!);
    default:
      return undefined;
  }
}
