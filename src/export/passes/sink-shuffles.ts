import { makeNode, type NodeProto } from '../../shared/onnx/index.js';
import { GraphEditor, intOf, intsOf, type Pass, stringOf, type Weights } from './graph-editor.js';
import { inPlaces, inPlacesDense, inPlacesWide } from './place-filters.js';

/** Channels that CPU kernels compute side by side: fewer cost as much. */
export const BLOCK = 16;

/**
 * Computes what stands behind a DepthToSpace of 2×2 squares before it, as long as that costs no more: at half the height and width, with
 * the four places of a square side by side as channels. ReLU, sums and 1×1 convolutions do the same to each place. A 3×3 convolution of
 * few channels becomes one over all four, whose zeros fill what a block of channels would leave empty. What is laid out in the end is thinner,
 * and nothing in between leaves the layout of the convolutions. Exact but for the order of the sums.
 *
 * For CPUs alone, as their costs are.
 */
export const sinkShuffles: Pass = (graph) => {
  const editor = new GraphEditor(graph);
  const shuffles = graph.node.filter(isShuffle);
  const places = new Map(shuffles.map(({ input, output }) => [output[0]!, input[0]!]));
  const region = findRegion(editor, new Set(places.keys()));
  for (const node of region) {
    const [value] = node.output as [string];
    const below = editor.fresh(`${value}.places`);
    const input = node.input.map((name) => places.get(name) ?? name);
    const { opType, attribute } = node;
    const sunk: NodeProto[] = [
      movedBefore(editor, { opType, attribute, input, output: [below] }), // Called after what it makes.
    ];
    if (editor.readers(value).some((reader) => !region.has(reader)) || editor.isOutput(value)) {
      sunk.push(shuffle(below, value));
    }
    places.set(value, below);
    editor.replace([node], sunk);
  }
  return editor.finish();
};

/** Lays out the four places of each square. */
export function shuffle(places: string, value: string): NodeProto {
  const attributes = { blocksize: { int: 2 }, mode: { string: 'DCR' } };
  return makeNode('DepthToSpace', [places], [value], attributes);
}

/** Whether a node lays out 2×2 squares, the places one after the other. */
export function isShuffle(node: NodeProto): boolean {
  return (
    node.opType === 'DepthToSpace' &&
    intOf(node, 'blocksize') === 2 &&
    (stringOf(node, 'mode') ?? 'DCR') === 'DCR'
  );
}

/** The nodes that can be computed in places, without those that read a value which is wanted laid out anyway. */
function findRegion(editor: GraphEditor, entries: ReadonlySet<string>): Set<NodeProto> {
  const region = new Set<NodeProto>();
  const known = new Set(entries);
  for (const node of editor.nodes) {
    if (isShuffle(node) || !canSink(editor, node, known)) continue;
    region.add(node);
    known.add(node.output[0]!);
  }
  for (let before = -1; before !== region.size;) {
    before = region.size;
    for (const node of region) {
      const data = dataInputs(node);
      const isKept = data.every(
        (name) =>
          (entries.has(name) || region.has(editor.producer(name)!)) &&
          !editor.isOutput(name) &&
          editor.readers(name).every((reader) => region.has(reader)),
      );
      if (!isKept) region.delete(node);
    }
  }
  return region;
}

/** The values among a node's inputs that are pictures, not weights. */
function dataInputs({ opType, input }: NodeProto): readonly string[] {
  return opType === 'Conv' ? input.slice(0, 1) : input;
}

function canSink(editor: GraphEditor, node: NodeProto, known: ReadonlySet<string>): boolean {
  if (!dataInputs(node).every((name) => known.has(name))) return false;
  if (['Add', 'Relu', 'LeakyRelu'].includes(node.opType)) return true;
  if (node.opType !== 'Conv') return false;
  const filter = editor.weights(node.input[1]);
  const bias = node.input[2] === undefined || editor.weights(node.input[2]) !== undefined;
  if (filter === undefined || !bias || (intOf(node, 'group') ?? 1) !== 1) return false;
  const [outputs, , height, width] = filter.shape as [number, number, number, number];
  const is = (name: string, value: string): boolean =>
    (intsOf(node, name) ?? value).toString() === value;
  if (!is('strides', '1,1') || !is('dilations', '1,1')) return false;
  if (height === 1 && width === 1) return is('pads', '0,0,0,0');
  const isSame = intsOf(node, 'pads')?.toString() === '1,1,1,1';
  return height === 3 && width === 3 && isSame && 4 * outputs <= BLOCK;
}

/** The node over the places; convolutions with filters for all four. */
function movedBefore(editor: GraphEditor, node: NodeProto): NodeProto {
  if (node.opType !== 'Conv') return node;
  const [x, weight, offset] = node.input as [string, string, string | undefined];
  const filter = editor.weights(weight)!;
  const bias = editor.weights(offset);
  const { filter: wide, group } = widened(filter);
  const input = [x, editor.addWeights(`${weight}.places`, wide)];
  if (bias !== undefined) input.push(editor.addWeights(`${offset}.places`, inPlaces(bias)));
  return makeNode('Conv', input, node.output, {
    kernel_shape: { ints: wide.shape.slice(2) },
    pads: { ints: intsOf(node, 'pads') ?? [0, 0, 0, 0] },
    group: { int: group },
  });
}

function widened(filter: Weights): { filter: Weights; group: number } {
  const [outputs, inputs, size] = filter.shape as [number, number, number, number];
  if (size === 3) return { filter: inPlacesWide(filter), group: 1 };
  // Kernels over blocks of channels know groups only of whole blocks.
  const isWhole = outputs % BLOCK === 0 && inputs % BLOCK === 0;
  return isWhole
    ? { filter: inPlaces(filter), group: 4 }
    : { filter: inPlacesDense(filter), group: 1 };
}
