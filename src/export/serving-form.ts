import { SegprobeError } from '../shared/errors.js';
import {
  type GraphProto,
  makeNode,
  makeTensorValueInfo,
  type NodeProto,
} from '../shared/onnx/index.js';
import { optimize, SERVING_PASSES } from './optimize.js';
import { foldScale } from './passes/fold-scale.js';
import { GraphEditor } from './passes/graph-editor.js';
import {
  isDoubling,
  placeConvolution,
  placeConvolutions,
} from './passes/transposed-to-subpixel.js';

/** Numbers of element types in onnx.proto. */
const [FLOAT32, UINT8] = [1, 2];

/**
 * Makes of a victim the form that serves: bytes to class numbers, as {@link withByteEnds} has it, optimised for CPUs.
 *
 * @param graph - as recorded.
 * @throws SegprobeError `EXPORT_UNSUPPORTED` as {@link withByteEnds}.
 */
export function toServingForm(graph: GraphProto): GraphProto {
  const optimized = optimize(graph, SERVING_PASSES);
  return foldScale(withByteEnds(optimized, { recorded: graph, isBlocked: true }));
}

/**
 * Lets a victim take and give bytes: `image_u8` uint8 `[N,H,W,3]` to `labels` uint8 `[N,H,W]`.
 *
 * Pictures come and class numbers go as bytes, a quarter of the size and less. The last transposed convolution becomes four at half the size,
 * one for each place of a 2×2 square, or one for all; the largest logit of each place is looked for there, and only class numbers are laid
 * out. The label is the first of equal logits, as `ArgMax` has it.
 *
 * @param graph - `image` float32 `[N,3,H,W]` in 0..1 to `logits` float32 `[N,K,H,W]`, which a transposed convolution that
 * doubles the size makes.
 * @param options.recorded - what `graph` was optimised from, for messages.
 * @param options.isBlocked - whether kernels over blocks of channels will run it, for which one convolution is the faster. @defaultValue false
 * @throws SegprobeError `EXPORT_UNSUPPORTED` for a graph that ends otherwise.
 */
export function withByteEnds(
  graph: GraphProto,
  { recorded = graph, isBlocked = false } = {},
): GraphProto {
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
  const byClass = isBlocked ? classesAtOnce : classesPlaceByPlace;
  editor.replace([end], [...byClass(editor, end), ...LAID_OUT]);
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

/** What the class of each place is called, `[N, 4, h, w]`. */
const SQUARES = 'serve.classes';

function classesPlaceByPlace(editor: GraphEditor, end: NodeProto): NodeProto[] {
  const places = placeConvolutions(editor, end);
  const names = places.map(({ output }) => output[0]!);
  return [
    ...places,
    ...names.flatMap((place) => firstGreatest(place, `${place}.byte`)),
    makeNode(
      'Concat',
      names.map((place) => `${place}.byte`),
      [SQUARES],
      { axis: { int: 1 } },
    ),
  ];
}

function classesAtOnce(editor: GraphEditor, end: NodeProto): NodeProto[] {
  const convolution = placeConvolution(editor, end);
  const [places] = convolution.output as [string];
  const classCount = editor.weights(end.input[1])!.shape[1]!;
  // 0 keeps the axis that stands there, -1 is what is left: the places one below the other, [N, K, 4h, w].
  const below = editor.addIntegers('serve.below.shape', [0, classCount, -1, 0]);
  const squares = editor.addIntegers('serve.squares.shape', [0, 4, -1, 0]);
  return [
    convolution,
    makeNode('Reshape', [places, below], ['serve.below']),
    ...firstGreatest('serve.below', 'serve.bytes'),
    makeNode('Reshape', ['serve.bytes', squares], [SQUARES]),
  ];
}

function firstGreatest(logits: string, result: string): NodeProto[] {
  const classes = `${logits}.class`;
  return [
    makeNode('ArgMax', [logits], [classes], { axis: { int: 1 }, keepdims: { int: 1 } }),
    makeNode('Cast', [classes], [result], { to: { int: UINT8 } }),
  ];
}

/** Squares `[N, 4, h, w]` to `[N, 2h, 2w]`. */
const LAID_OUT = [
  makeNode('DepthToSpace', [SQUARES], ['serve.picture'], {
    blocksize: { int: 2 },
    mode: { string: 'DCR' },
  }),
  makeNode('Squeeze', ['serve.picture', 'serve.axis'], ['labels']),
];
