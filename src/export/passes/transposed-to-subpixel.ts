import { makeNode, type NodeProto } from '../../shared/onnx/index.js';
import { GraphEditor, intOf, intsOf, type Pass, type Weights } from './graph-editor.js';
import { inPlaces } from './place-filters.js';
import { shuffle } from './sink-shuffles.js';

/**
 * Makes transposed convolutions 2×2 of stride 2 into 1×1 convolutions with four times the channels, and a DepthToSpace (the sub-pixel
 * convolution of arXiv:1609.07009): each place of the result reads one number with one weight. Exact but for the order of the sums.
 *
 * For CPUs alone, where `sinkShuffles` then computes before the shuffle what stands behind it.
 */
export const transposedToSubpixel: Pass = (graph) => {
  const editor = new GraphEditor(graph);
  for (const node of graph.node) {
    const filter = editor.weights(node.input[1]);
    if (filter === undefined || !isDoubling(node, filter) || filter.shape[2] !== 2) continue;
    const [result] = node.output as [string];
    const places = [0, 1, 2, 3].map((place) => placeFilter(filter, place, 0));
    const [inputs, outputs] = filter.shape as [number, number];
    const joined = new Float32Array(4 * outputs * inputs);
    places.forEach(({ values }, place) => joined.set(values, place * outputs * inputs));
    const input = [
      node.input[0]!,
      editor.addWeights(`${result}.subpixel.weight`, {
        shape: [4 * outputs, inputs, 1, 1],
        values: joined,
      }),
    ];
    const bias = editor.weights(node.input[2]);
    if (bias !== undefined)
      input.push(editor.addWeights(`${result}.subpixel.bias`, inPlaces(bias)));
    const squares = editor.fresh(`${result}.subpixel`);
    const convolution = makeNode('Conv', input, [squares], { kernel_shape: { ints: [1, 1] } });
    editor.replace([node], [convolution, shuffle(squares, result)]);
  }
  return editor.finish();
};

/**
 * Makes the four places of each 2×2 square of a transposed convolution's result by convolutions of their own, at half the height and width and
 * without a tap that is zero. Row o = 2r + p of the result sums x[i]·w[k] over o + pad = 2i + k, so its parity p takes k = p + pad − 2d of row
 * r + d.
 *
 * @param node - as {@link isDoubling} has it.
 * @returns the four nodes, whose only outputs are places 0 to 3, row by row.
 */
export function placeConvolutions(editor: GraphEditor, node: NodeProto): NodeProto[] {
  const [x, weight, bias] = node.input as [string, string, string | undefined];
  const filter = editor.weights(weight)!;
  const pad = intsOf(node, 'pads')?.[0] ?? 0;
  return [0, 1, 2, 3].map((place) => {
    const own = placeFilter(filter, place, pad);
    const [, , height, width] = own.shape as [number, number, number, number];
    const name = editor.fresh(`${node.output[0]!}.place${place}`);
    const input = [x, editor.addWeights(`${name}.weight`, own), ...(bias ? [bias] : [])];
    return makeNode('Conv', input, [name], {
      kernel_shape: { ints: [height, width] },
      pads: { ints: [0, 0, height - 1, width - 1] },
    });
  });
}

/**
 * The same by one convolution, with zeros where a place does not read what others do: for kernels over blocks of channels, which take no longer
 * for it, and leave no channel of a block empty.
 *
 * @param node - as {@link isDoubling} has it.
 * @returns the node, whose channel `4k + p` is channel k at place p, row by row.
 */
export function placeConvolution(editor: GraphEditor, node: NodeProto): NodeProto {
  const [x, weight, bias] = node.input as [string, string, string | undefined];
  const filter = editor.weights(weight)!;
  const pad = intsOf(node, 'pads')?.[0] ?? 0;
  const [inputs, outputs, kernel] = filter.shape as [number, number, number];
  const size = kernel - 1; // Taps along an axis of the place that reads most.
  const joined = new Float32Array(4 * outputs * inputs * size * size);
  for (let place = 0; place < 4; place++) {
    const { shape, values } = placeFilter(filter, place, pad);
    const [, , height, width] = shape as [number, number, number, number];
    for (let k = 0; k < outputs; k++)
      for (let c = 0; c < inputs; c++)
        for (let y = 0; y < height; y++) {
          const from = ((k * inputs + c) * height + y) * width;
          const to = (((4 * k + place) * inputs + c) * size + y) * size;
          joined.set(values.subarray(from, from + width), to);
        }
  }
  const name = editor.fresh(`${node.output[0]!}.places`);
  const shape = [4 * outputs, inputs, size, size];
  const input = [x, editor.addWeights(`${name}.weight`, { shape, values: joined })];
  if (bias !== undefined) {
    const values = Float32Array.from({ length: 4 * outputs }, (_, channel) => {
      return editor.weights(bias)!.values[channel >> 2]!;
    });
    input.push(editor.addWeights(`${name}.bias`, { shape: [4 * outputs], values }));
  }
  return makeNode('Conv', input, [name], {
    kernel_shape: { ints: [size, size] },
    pads: { ints: [0, 0, size - 1, size - 1] },
  });
}

/** Whether a node is a transposed convolution 2×2 or 3×3 of stride 2 whose result is just twice as high and wide. */
export function isDoubling(node: NodeProto, { shape }: Weights): boolean {
  const [top = 0, left = 0, bottom = 0, right = 0] = intsOf(node, 'pads') ?? [];
  const is = (name: string, value: string): boolean =>
    (intsOf(node, name) ?? value).toString() === value;
  const [, , kernel, width] = shape;
  return (
    node.opType === 'ConvTranspose' &&
    kernel === width &&
    ((kernel === 2 && top === 0) || (kernel === 3 && top === 1)) &&
    [top, left, bottom, right].toString() === [top, top, 0, 0].toString() &&
    intsOf(node, 'strides')?.toString() === '2,2' &&
    is('dilations', '1,1') &&
    is('output_padding', '0,0') &&
    (intOf(node, 'group') ?? 1) === 1
  );
}

/** The taps `[K, C, h, w]` that one place reads, of a transposed filter `[C, K, k, k]`. */
function placeFilter({ shape, values }: Weights, place: number, pad: number): Weights {
  const [inputs, outputs, kernel] = shape as [number, number, number, number];
  // Steps d with 0 <= p + pad - 2d < kernel begin at 0.
  const tapsAt = (parity: number): number[] =>
    [0, 1].map((d) => parity + pad - 2 * d).filter((k) => k >= 0 && k < kernel);
  const [rows, columns] = [tapsAt(place >> 1), tapsAt(place & 1)];
  const found = new Float32Array(outputs * inputs * rows.length * columns.length);
  let at = 0;
  for (let k = 0; k < outputs; k++)
    for (let c = 0; c < inputs; c++)
      for (const y of rows)
        for (const x of columns)
          found[at++] = values[((c * outputs + k) * kernel + y) * kernel + x]!;
  return { shape: [outputs, inputs, rows.length, columns.length], values: found };
}
