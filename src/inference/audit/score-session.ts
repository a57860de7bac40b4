import { readFile } from 'node:fs/promises';
import { Tensor } from 'onnxruntime-node';
import type { Size } from '../../data/dataset.js';
import { SegprobeError } from '../../shared/errors.js';
import { toImageTensor } from '../../shared/image-tensor.js';
import {
  decodeModel,
  encodeModel,
  type GraphProto,
  makeNode,
  makeTensor,
  makeTensorValueInfo,
  type ModelProto,
  type NodeProto,
  type TensorProto,
} from '../../shared/onnx/index.js';
import { imageTensor, loadImageModel, runTensors } from '../session.js';
import type { VictimFiles } from '../victim-session.js';

/** What a victim says of a picture, and how sure it is of each pixel's given label and of its own class. All `[H, W]` flattened. */
export interface LabelScores {
  /** The class of the greatest probability. */
  readonly predicted: Uint8Array;
  /** The softmax's probability of the given class, 0..1; without meaning where the victim has no output for that class. */
  readonly given: Float32Array;
  /** … and of the predicted class. */
  readonly confidence: Float32Array;
}

/** A victim that says how sure it is. */
export interface ScoreSession {
  /**
   * @param rgb - uint8 `[H, W, 3]` flattened.
   * @param label - given class numbers, `[H, W]` flattened.
   */
  readonly score: (rgb: Uint8Array, label: Uint8Array, size: Size) => Promise<LabelScores>;
}

/**
 * Loads a victim so that its probabilities can be seen, in its serving form where it has one. The softmax is taken in the graph, of
 * logits as they lie there before they are laid out: a fifth of the time that it needs here.
 *
 * @param threads - of the session.
 * @throws SegprobeError `MODEL_INVALID` for a file that ONNX Runtime does not load; `FILE_NOT_FOUND`.
 */
export async function loadScores(
  { path, servingPath, classCount }: VictimFiles,
  threads: number,
): Promise<ScoreSession> {
  const isServing = servingPath !== null;
  const file = servingPath ?? path;
  const plain = decodeModel(await readFile(file), file);
  const bytes = encodeModel(withScores(plain, { isServing, classCount, what: file }));
  const model = await loadImageModel(file, threads, bytes);
  return {
    score: async (rgb, label, size) => {
      const { height, width } = size;
      const picture = isServing
        ? { image_u8: new Tensor('uint8', rgb, [1, height, width, 3]) }
        : { image: imageTensor(toImageTensor(rgb), size) };
      const given = { [GIVEN]: new Tensor('uint8', label, [1, 1, height, width]) };
      const found = await runTensors(
        model,
        { ...picture, ...given },
        {
          [LABELS]: `uint8 [1,${isServing ? '' : '1,'}${height},${width}]`,
          [PROBABILITY]: `float32 [1,1,${height},${width}]`,
          [CONFIDENCE]: `float32 [1,1,${height},${width}]`,
        },
      );
      const [predicted, probability, confidence] = found.map(({ data }) => data);
      return {
        predicted: predicted as Uint8Array,
        given: probability as Float32Array,
        confidence: confidence as Float32Array,
      };
    },
  };
}

/** Names of the input and the outputs that are added; `labels` is the serving form's own. */
const GIVEN = 'given_u8';
const LABELS = 'labels';
const PROBABILITY = 'scores.given';
const CONFIDENCE = 'scores.confidence';

/** Numbers of element types in onnx.proto. */
const [UINT8, INT64] = [2, 7];

/**
 * Adds to a victim the softmax at a given label: `given_u8` uint8 `[N,1,H,W]` to `scores.given` and `scores.confidence` float32
 * `[N,1,H,W]`, and `labels` where it has none.
 */
function withScores(
  model: ModelProto,
  options: { readonly isServing: boolean; readonly classCount: number; readonly what: string },
): ModelProto {
  const { graph } = model;
  const { isServing, classCount, what } = options;
  const places = isServing ? placesOf(graph, what) : ['logits'];
  const block = Math.sqrt(places.length);
  const constants: TensorProto[] = [
    makeTensor('scores.class_axis', 'int64', [1], BigInt64Array.of(1n)),
    makeTensor('scores.last', 'int64', [], BigInt64Array.of(BigInt(classCount - 1))),
    makeTensor('scores.axes', 'int64', [2], BigInt64Array.of(2n, 3n)),
    makeTensor('scores.ends', 'int64', [2], new BigInt64Array(2).fill(2n ** 31n - 1n)),
    makeTensor('scores.steps', 'int64', [2], new BigInt64Array(2).fill(BigInt(block))),
  ];
  const nodes = places.flatMap((logits, place): NodeProto[] => {
    const [top, left] = [Math.floor(place / block), place % block];
    const starts = `scores.${logits}.starts`;
    constants.push(makeTensor(starts, 'int64', [2], BigInt64Array.of(BigInt(top), BigInt(left))));
    const own = (name: string): string => `scores.${logits}.${name}`;
    return [
      makeNode('ReduceMax', [logits], [own('greatest')], { axes: { ints: [1] } }),
      makeNode('Sub', [logits, own('greatest')], [own('below')]),
      makeNode('Exp', [own('below')], [own('exponentials')]),
      makeNode('ReduceSum', [own('exponentials'), 'scores.class_axis'], [own('sum')]),
      makeNode('Reciprocal', [own('sum')], [own('confidence')]),
      makeNode(
        'Slice',
        [GIVEN, starts, 'scores.ends', 'scores.axes', 'scores.steps'],
        [own('given')],
      ),
      makeNode('Cast', [own('given')], [own('index')], { to: { int: INT64 } }),
      makeNode('Min', [own('index'), 'scores.last'], [own('class')]),
      makeNode('GatherElements', [own('exponentials'), own('class')], [own('share')], {
        axis: { int: 1 },
      }),
      makeNode('Mul', [own('share'), own('confidence')], [own('probability')]),
    ];
  });
  const layOut = (name: string, output: string): NodeProto[] => [
    makeNode(
      'Concat',
      places.map((place) => `scores.${place}.${name}`),
      [`${output}.places`],
      { axis: { int: 1 } },
    ),
    makeNode('DepthToSpace', [`${output}.places`], [output], {
      blocksize: { int: block },
      mode: { string: 'DCR' },
    }),
  ];
  const labels = [
    makeNode('ArgMax', ['logits'], ['logits.class'], { axis: { int: 1 }, keepdims: { int: 1 } }),
    makeNode('Cast', ['logits.class'], [LABELS], { to: { int: UINT8 } }),
  ];
  return {
    ...model,
    graph: {
      ...graph,
      node: [
        ...graph.node,
        ...nodes,
        ...layOut('probability', PROBABILITY),
        ...layOut('confidence', CONFIDENCE),
        ...(isServing ? [] : labels),
      ],
      initializer: [...(graph.initializer ?? []), ...constants],
      input: [...graph.input, makeTensorValueInfo(GIVEN, 'uint8', ['N', 1, 'H', 'W'])],
      output: [
        makeTensorValueInfo(LABELS, 'uint8'),
        makeTensorValueInfo(PROBABILITY, 'float32'),
        makeTensorValueInfo(CONFIDENCE, 'float32'),
      ],
    },
  };
}

/** The logits that a serving form looks for the greatest of: those of each place of a square. */
function placesOf({ node }: GraphProto, what: string): string[] {
  const places = node.filter(({ opType }) => opType === 'ArgMax').map(({ input }) => input[0]!);
  const block = Math.sqrt(places.length);
  if (block === 0 || block !== Math.floor(block)) {
    throw new SegprobeError(
      'MODEL_INVALID',
      `${what}: expected an ArgMax for each place of a square, got ${places.length} of them`,
    );
  }
  return places;
}
