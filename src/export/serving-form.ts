import { SegprobeError } from '../shared/errors.js';
import {
  type GraphProto,
  makeNode,
  makeTensorValueInfo,
  type NodeProto,
} from '../shared/onnx/index.js';
import { optimize, SERVING_PASSES } from './optimize.js';
import { GraphEditor } from './passes/graph-editor.js';
import { isDoubling, placeConvolutions } from './passes/transposed-to-subpixel.js';

/** Numbers of element types in onnx.proto. */
const [FLOAT32, UINT8] = [1, 2];

/**
 * Makes of a victim the form that serves: bytes to class numbers, as {@link withByteEnds} has it, optimised for CPUs.
 *
 * @param graph - as recorded.
 * @throws SegprobeError `EXPORT_UNSUPPORTED` as {@link withByteEnds}.
 */
export function toServingForm(graph: GraphProto): GraphProto {
  return withByteEnds(optimize(graph, SERVING_PASSES), graph);
}

/**
 * Lets a victim take and give bytes: `image_u8` uint8 `[N,H,W,3]` to `labels` uint8 `[N,H,W]`.
 *
 * Pictures come and class numbers go as bytes, a quarter of the size and less. The last transposed convolution becomes four
 * convolutions at half the size, one for each place of a 2×2 square; the largest logit of each is looked for there, and
 * only class numbers are laid out. The label is the first of equal logits, as `ArgMax` has it.
 *
 * @param graph - `image` float32 `[N,3,H,W]` in 0..1 to `logits` float32 `[N,K,H,W]`, which a transposed convolution that
 * doubles the size makes.
 * @param recorded - what `graph` was optimised from, for messages.
 * @throws SegprobeError `EXPORT_UNSUPPORTED` for a graph that ends otherwise.
 */
export function withByteEnds(graph: GraphProto, recorded = graph): GraphProto {
  const [image, logits] = [graph.input[0]!.name, graph.output[0]!.name];
  const editor = new GraphEditor({
    ...graph,
    node: [...fromBytes(image), ...graph.node],
    input: [makeTensorValueInfo('image_u8', 'uint8', ['N', 'H', 'W', 3])],
    output: [makeTensorValueInfo('labels', 'uint8', ['N', 'H', 'W'])],
  });
  const end = editor.producer(logits);
  const filter = editor.weights(end?.input[1]);
  if (end === undefined || filter === undefined || !isDoubling(end, filter)) {
    const last = new GraphEditor(recorded).producer(logits)?.opType ?? 'an input';
    throw new SegprobeError(
      'EXPORT_UNSUPPORTED',
      `${graph.name ?? 'graph'}: expected logits of a transposed convolution that doubles the size, got ${last}`,
    );
  }
  editor.addWeights('serve.share', { shape: [], values: Float32Array.of(1 / 255) });
  editor.addIntegers('serve.axis', [1]);
  const places = placeConvolutions(editor, end);
  editor.replace([end], [...places, ...toLabels(places.map(({ output }) => output[0]!))]);
  return editor.finish();
}

/** Bytes to shares of 255, moved as bytes. */
function fromBytes(image: string): NodeProto[] {
  return [
    makeNode('Transpose', ['image_u8'], ['serve.planes'], { perm: { ints: [0, 3, 1, 2] } }),
    makeNode('Cast', ['serve.planes'], ['serve.floats'], { to: { int: FLOAT32 } }),
    makeNode('Mul', ['serve.floats', 'serve.share'], [image]),
  ];
}

/** The class of each place of each square, laid out: four times `[N, K, h, w]` to `[N, 2h, 2w]`. */
function toLabels(places: readonly string[]): NodeProto[] {
  return [
    ...places.flatMap((place) => [
      makeNode('ArgMax', [place], [`${place}.class`], { axis: { int: 1 }, keepdims: { int: 1 } }),
      makeNode('Cast', [`${place}.class`], [`${place}.byte`], { to: { int: UINT8 } }),
    ]),
    makeNode(
      'Concat',
      places.map((place) => `${place}.byte`),
      ['serve.classes'],
      { axis: { int: 1 } },
    ),
    makeNode('DepthToSpace', ['serve.classes'], ['serve.picture'], {
      blocksize: { int: 2 },
      mode: { string: 'DCR' },
    }),
    makeNode('Squeeze', ['serve.picture', 'serve.axis'], ['labels']),
  ];
}
