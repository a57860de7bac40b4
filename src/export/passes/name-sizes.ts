import { makeTensorValueInfo, type NodeProto } from '../../shared/onnx/index.js';
import { channelsOf } from './channels-of.js';
import { GraphEditor, intsOf, type Pass } from './graph-editor.js';

/** Operators whose result is as high and wide as their first input. */
const KEEPS_SIZE: ReadonlySet<string> = new Set([
  'Add',
  'BatchNormalization',
  'Concat',
  'HardSigmoid',
  'LeakyRelu',
  'Mul',
  'Relu',
]);

/**
 * Writes down how high and wide feature maps are, as parts of the picture's height and width (`H/2`): runtimes keep sums and products of maps
 * in the layout of the convolutions only where they can tell that the sizes are equal, and do not follow them through dilations, pooling and
 * layouts by themselves. Pictures' heights and widths are multiples of 8.
 *
 * No node changes.
 */
export const nameSizes: Pass = (graph) => {
  const editor = new GraphEditor(graph);
  const halvings = new Map<string, number>([[graph.input[0]!.name, 0]]);
  for (const node of graph.node) {
    const before = node.input.map((name) => halvings.get(name)).find((n) => n !== undefined);
    const after = before === undefined ? undefined : halvingsAfter(editor, node, before);
    if (after !== undefined) halvings.set(node.output[0]!, after);
  }
  for (const input of [...graph.input, ...graph.output]) halvings.delete(input.name);
  const valueInfo = [...halvings].map(([name, count]) => {
    const sides = ['H', 'W'].map((side) => (count === 0 ? side : `${side}/${2 ** count}`));
    return makeTensorValueInfo(name, 'float32', [
      'N',
      channelsOf(editor, name) ?? `${name}.C`,
      ...sides,
    ]);
  });
  return { ...graph, valueInfo };
};

/** How often height and width have been halved in a node's result; undefined where that is not known. */
function halvingsAfter(editor: GraphEditor, node: NodeProto, before: number): number | undefined {
  if (KEEPS_SIZE.has(node.opType)) return before;
  if (node.opType === 'Pad') return padsChannelsAlone(editor, node) ? before : undefined;
  if (node.opType === 'DepthToSpace') return before - 1;
  if (node.opType !== 'Conv' && node.opType !== 'MaxPool') return undefined;
  const kernel = editor.weights(node.input[1])?.shape.slice(2) ?? intsOf(node, 'kernel_shape');
  const [top = 0, left = 0, bottom = 0, right = 0] = intsOf(node, 'pads') ?? [];
  const strides = intsOf(node, 'strides') ?? [1, 1];
  const dilations = intsOf(node, 'dilations') ?? [1, 1];
  const spare = [top + bottom, left + right].map(
    (pads, axis) => pads - dilations[axis]! * (kernel![axis]! - 1),
  );
  if (String(strides) === '1,1' && String(spare) === '0,0') return before;
  const isHalf = String(strides) === '2,2' && spare.every((rest) => rest === 0 || rest === -1);
  return isHalf ? before + 1 : undefined;
}

/** Whether a Pad of pictures `[N, C, H, W]` adds no row and no column. */
export function padsChannelsAlone(editor: GraphEditor, { input }: NodeProto): boolean {
  const [, , top, left, , , bottom, right] = editor.integers(input[1]) ?? [];
  return [top, left, bottom, right].every((count) => count === 0);
}
