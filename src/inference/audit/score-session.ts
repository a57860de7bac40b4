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
  const model = await loadImageModel(file, threads, { bytes });
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

/** The part of a graph that is added. */
interface Addition {
  readonly nodes: readonly NodeProto[];
  readonly constants: readonly TensorProto[];
}

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
  const parts = isServing
    ? [inPlaces(), softmaxAt(logitsOf(graph, what), 'scores.places', '.places', classCount)]
    : [argMax(), softmaxAt('logits', GIVEN, '', classCount)];
  return {
    ...model,
    graph: {
      ...graph,
      node: [
        ...graph.node,
        ...parts.flatMap(({ nodes }) => nodes),
        ...(isServing ? [PROBABILITY, CONFIDENCE].flatMap(laidOut) : []),
      ],
      initializer: [...graph.initializer, ...parts.flatMap(({ constants }) => constants)],
      input: [...graph.input, makeTensorValueInfo(GIVEN, 'uint8', ['N', 1, 'H', 'W'])],
      output: [
        makeTensorValueInfo(LABELS, 'uint8'),
        makeTensorValueInfo(PROBABILITY, 'float32'),
        makeTensorValueInfo(CONFIDENCE, 'float32'),
      ],
    },
  };
}

/** The softmax of logits `[N, K, …]` at the classes of `given` `[N, 1, …]`, and at its greatest. */
function softmaxAt(logits: string, given: string, suffix: string, classCount: number): Addition {
  return {
    nodes: [
      makeNode('ReduceMax', [logits], ['scores.greatest'], { axes: { ints: [1] } }),
      makeNode('Sub', [logits, 'scores.greatest'], ['scores.below']),
      makeNode('Exp', ['scores.below'], ['scores.exponentials']),
      makeNode('ReduceSum', ['scores.exponentials', 'scores.class_axis'], ['scores.sum']),
      makeNode('Reciprocal', ['scores.sum'], [`${CONFIDENCE}${suffix}`]),
      makeNode('Cast', [given], ['scores.index'], { to: { int: INT64 } }),
      makeNode('Min', ['scores.index', 'scores.last'], ['scores.class']),
      makeNode('GatherElements', ['scores.exponentials', 'scores.class'], ['scores.share'], {
        axis: { int: 1 },
      }),
      makeNode('Mul', ['scores.share', `${CONFIDENCE}${suffix}`], [`${PROBABILITY}${suffix}`]),
    ],
    constants: [
      makeTensor('scores.class_axis', 'int64', [1], BigInt64Array.of(1n)),
      makeTensor('scores.last', 'int64', [], BigInt64Array.of(BigInt(classCount - 1))),
    ],
  };
}

/** The given labels as a serving form has its logits: the places of 2×2 squares one below the other, `[N, 1, 4h, w]`. */
function inPlaces(): Addition {
  return {
    nodes: [
      makeNode('SpaceToDepth', [GIVEN], ['scores.squares'], { blocksize: { int: 2 } }),
      makeNode('Reshape', ['scores.squares', 'scores.tall'], ['scores.places']),
    ],
    constants: [
      makeTensor('scores.tall', 'int64', [4], BigInt64Array.of(0n, 1n, -1n, 0n)),
      makeTensor('scores.wide', 'int64', [4], BigInt64Array.of(0n, 4n, -1n, 0n)),
    ],
  };
}

/** Lays out what was found of the places: `[N, 1, 4h, w]` to `[N, 1, 2h, 2w]`. */
function laidOut(output: string): NodeProto[] {
  return [
    makeNode('Reshape', [`${output}.places`, 'scores.wide'], [`${output}.squares`]),
    makeNode('DepthToSpace', [`${output}.squares`], [output], { blocksize: { int: 2 } }),
  ];
}

/** The labels of a victim that gives only logits. */
function argMax(): Addition {
  return {
    nodes: [
      makeNode('ArgMax', ['logits'], ['logits.class'], { axis: { int: 1 }, keepdims: { int: 1 } }),
      makeNode('Cast', ['logits.class'], [LABELS], { to: { int: UINT8 } }),
    ],
    constants: [],
  };
}

/** The logits that a serving form looks for the greatest of. */
function logitsOf({ node }: GraphProto, what: string): string {
  const places = node.filter(({ opType }) => opType === 'ArgMax').map(({ input }) => input[0]!);
  if (places.length === 1) return places[0]!;
  throw new SegprobeError(
    'MODEL_INVALID',
    `${what}: expected one ArgMax over the places of all squares, got ${places.length} (export it again)`,
  );
}
