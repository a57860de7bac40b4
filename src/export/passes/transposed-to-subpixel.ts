import { type GraphProto, makeNode, type NodeProto } from '../../shared/onnx/index.js';
import { GraphEditor, intOf, intsOf, type Weights } from './graph-editor.js';

/**
 * Makes a transposed convolution that doubles height and width a convolution at the smaller size with four times the channels,
 * and a DepthToSpace (the sub-pixel convolution of arXiv:1609.07009). Each place of the result reads the same numbers times the
 * same weights; zeros stand where a place does not reach. Exact but for the order of the sums.
 *
 * Row o = 2r + p of the result sums x[i]·w[k] over o + pad = 2i + k, so its parity p takes k = p + pad − 2d of row r + d.
 *
 * @param result - the value that the transposed convolution makes; the graph stays as it is where none makes it.
 */
export function transposedToSubpixel(graph: GraphProto, result: string): GraphProto {
  const editor = new GraphEditor(graph);
  const node = editor.producer(result);
  const filter = editor.weights(node?.input[1]);
  if (node === undefined || filter === undefined || !isDoubling(node, filter)) return graph;
  const pad = intsOf(node, 'pads')?.[0] ?? 0;
  const taps = Math.floor((1 + pad) / 2) + 1;
  const inputs = [
    node.input[0]!,
    editor.addWeights(`${result}.subpixel.weight`, subpixelFilter(filter, pad, taps)),
  ];
  const bias = editor.weights(node.input[2]);
  if (bias !== undefined)
    inputs.push(editor.addWeights(`${result}.subpixel.bias`, fourTimes(bias)));
  const squares = editor.fresh(`${result}.subpixel`);
  const convolution = makeNode('Conv', inputs, [squares], {
    kernel_shape: { ints: [taps, taps] },
    pads: { ints: [0, 0, taps - 1, taps - 1] },
  });
  const shuffle = makeNode('DepthToSpace', [squares], [result], {
    blocksize: { int: 2 },
    mode: { string: 'DCR' },
  });
  editor.replace([node], [convolution, shuffle]);
  return editor.finish();
}

/** Whether a node is a transposed convolution 2×2 or 3×3 of stride 2 whose result is just twice as high and wide. */
function isDoubling(node: NodeProto, { shape }: Weights): boolean {
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

/** From `[C, K, k, k]` to `[4·K, C, taps, taps]`, the four places of a square one after the other. */
function subpixelFilter({ shape, values }: Weights, pad: number, taps: number): Weights {
  const [inputs, outputs, kernel] = shape as [number, number, number, number];
  const found = new Float32Array(4 * outputs * inputs * taps * taps);
  let at = 0;
  for (let place = 0; place < 4; place++)
    for (let k = 0; k < outputs; k++)
      for (let c = 0; c < inputs; c++)
        for (let dy = 0; dy < taps; dy++)
          for (let dx = 0; dx < taps; dx++, at++) {
            const [y, x] = [(place >> 1) + pad - 2 * dy, (place & 1) + pad - 2 * dx];
            if (y < 0 || y >= kernel || x < 0 || x >= kernel) continue;
            found[at] = values[((c * outputs + k) * kernel + y) * kernel + x]!;
          }
  return { shape: [4 * outputs, inputs, taps, taps], values: found };
}

function fourTimes({ shape, values }: Weights): Weights {
  const repeated = new Float32Array(4 * values.length);
  for (let place = 0; place < 4; place++) repeated.set(values, place * values.length);
  return { shape: [4 * shape[0]!], values: repeated };
}
