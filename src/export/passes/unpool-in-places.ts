import type { NodeProto } from '../../shared/onnx/index.js';
import { channelsOf } from './channels-of.js';
import { GraphEditor, type Pass } from './graph-editor.js';
import { findHalvings } from './mask-unpool.js';
import { shuffle } from './sink-shuffles.js';

/** Makes any positive number at least 1: times the least normal float32 it is 3. */
const HUGE = 3e38;

/**
 * Unpools, as `maskUnpool` does, with nothing but convolutions, products and sums, which CPU kernels compute in their blocks of channels.
 *
 * Place p of a 2×2 window falls short of the maximum m by m − x_p, which is 0 where it is the maximum and nowhere else; made 0 or 1, it takes on
 * what the places before have left of the value, r_p, and leaves r_(p+1). The place gets r_p − r_(p+1): the value, or 0. Exact, ties
 * included: the first of equal maxima leaves nothing. The four places, side by side as channels, are laid out by a DepthToSpace.
 *
 * For CPUs alone: elsewhere they are many small steps.
 */
export const unpoolInPlaces: Pass = (graph) => {
  const editor = new GraphEditor(graph);
  for (const { node, pooling } of findHalvings(editor)) {
    const channels = channelsOf(editor, pooling.input[0]!);
    if (channels === undefined) continue;
    editor.replace([node], unpooling(editor, node, { pooling, channels }));
  }
  return editor.finish();
};

function unpooling(
  editor: GraphEditor,
  node: NodeProto,
  { pooling, channels }: { pooling: NodeProto; channels: number },
): NodeProto[] {
  const [value, result] = [node.input[0]!, node.output[0]!];
  const [unpooled, maximum] = [pooling.input[0]!, pooling.output[0]!];
  const { nodes, add } = editor.collect(result);
  /** Each channel by itself, with the same few weights. */
  const depthwise = (what: string, from: string, [height, width]: number[], taps: number[]) => {
    const values = Float32Array.from({ length: channels * taps.length }, (_, i) => {
      return taps[i % taps.length]!;
    });
    const shape = [channels, 1, height!, width!];
    const weight = editor.addWeights(`${result}.${what}.weight`, { shape, values });
    return add(what, 'Conv', [from, weight], {
      kernel_shape: { ints: [height!, width!] },
      strides: { ints: [height!, width!] },
      group: { int: channels },
    });
  };
  const left = [value];
  for (const place of [0, 1, 2]) {
    const taps = [0, 1, 2, 3].map((own) => (own === place ? -1 : 0));
    const minus = depthwise(`minus${place}`, unpooled, [2, 2], taps);
    const short = add(`short${place}`, 'Add', [minus, maximum]);
    const same = depthwise(`same${place}`, short, [1, 1], [1]);
    const isNot = add(`isNot${place}`, 'HardSigmoid', [same], {
      alpha: { float: HUGE },
      beta: { float: 0 },
    });
    left.push(add(`left${place}`, 'Mul', [isNot, left[place]!]));
  }
  const places = [0, 1, 2].map((place) => {
    const taken = depthwise(`rest${place}`, left[place + 1]!, [1, 1], [-1]);
    return add(`place${place}`, 'Add', [taken, left[place]!]);
  });
  const joined = add('places', 'Concat', [...places, left[3]!], { axis: { int: 1 } });
  return [...nodes, shuffle(joined, result)];
}
