import type { NodeProto } from '../../shared/onnx/index.js';
import { channelsOf } from './channels-of.js';
import { GraphEditor, intsOf, type Pass, type Weights } from './graph-editor.js';
import { shuffle } from './sink-shuffles.js';

/**
 * Unpools without MaxUnpool and without the indices of MaxPool, which WebGPU and CUDA do not have and which are slow on CPUs.
 *
 * Of a 2×2 window, each of the four places is compared with the window's maximum; the value goes to the first that is equal,
 * row by row, as MaxPool's index has it under ties. The places are taken apart by depthwise convolutions with one weight of 1,
 * which stay in the layout of the convolutions around (strided slices take twice as long), and the four candidates, each of the
 * pooled size, are laid out by one DepthToSpace. Exact: numbers are compared and chosen, not computed.
 */
export const maskUnpool: Pass = (graph) => {
  const editor = new GraphEditor(graph);
  for (const { node, pooling } of findHalvings(editor)) {
    const channels = channelsOf(editor, pooling.input[0]!);
    if (channels === undefined) continue;
    editor.replace([node], unpooling(editor, node, { pooling, channels }));
  }
  return editor.finish();
};

/** Every unpooling of 2×2 windows, with the pooling that its indices come from. */
export function findHalvings(editor: GraphEditor): { node: NodeProto; pooling: NodeProto }[] {
  return editor.nodes.flatMap((node) => {
    if (node.opType !== 'MaxUnpool' || !isHalving(node)) return [];
    const pooling = editor.producer(node.input[1]!);
    return pooling?.opType === 'MaxPool' && isHalving(pooling) ? [{ node, pooling }] : [];
  });
}

/** Windows of 2×2 that neither overlap nor reach over the edge. */
function isHalving(node: NodeProto): boolean {
  const is = (name: string, value: string): boolean =>
    (intsOf(node, name) ?? value).toString() === value;
  return (
    intsOf(node, 'kernel_shape')?.toString() === '2,2' &&
    intsOf(node, 'strides')?.toString() === '2,2' &&
    is('pads', '0,0,0,0') &&
    is('dilations', '1,1')
  );
}

/** A depthwise filter that takes one of the four places of each square, times 1. */
function pick(channels: number, place: number): Weights {
  const values = new Float32Array(4 * channels);
  for (let k = 0; k < channels; k++) values[4 * k + place] = 1;
  return { shape: [channels, 1, 2, 2], values };
}

function unpooling(
  editor: GraphEditor,
  node: NodeProto,
  { pooling, channels }: { pooling: NodeProto; channels: number },
): NodeProto[] {
  const [values, result] = [node.input[0]!, node.output[0]!];
  const [unpooled, maxima] = [pooling.input[0]!, pooling.output[0]!];
  const { nodes, add } = editor.collect(result);
  const zero = editor.addWeights(`${result}.zero`, { shape: [], values: Float32Array.of(0) });
  // Where no place before holds the maximum; undefined at the first place. Without Or, which WebGPU has not.
  let isFree: string | undefined;
  const and = (isOne: string, isOther: string | undefined): string =>
    isOther === undefined ? isOne : add('And', 'And', [isOne, isOther]);
  const squares = [0, 1, 2, 3].map((place) => {
    // The last place needs no comparison: one of the four is the maximum.
    if (place === 3) return add('Where', 'Where', [isFree!, values, zero]);
    const weight = editor.addWeights(`${result}.pick${place}`, pick(channels, place));
    const seen = add('Conv', 'Conv', [unpooled, weight], {
      kernel_shape: { ints: [2, 2] },
      strides: { ints: [2, 2] },
      group: { int: channels },
    });
    const isEqual = add('Equal', 'Equal', [seen, maxima]);
    const isHere = and(isEqual, isFree);
    isFree = and(add('Not', 'Not', [isEqual]), isFree);
    return add('Where', 'Where', [isHere, values, zero]);
  });
  const joined = add('Concat', 'Concat', squares, { axis: { int: 1 } });
  return [...nodes, shuffle(joined, result)];
}
