import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { convertGraph } from '../../src/export/convert-graph.js';
import type { Attributes, Constant } from '../../src/graph/graph.js';
import { executeRawOp } from '../../src/graph/node-backend.js';
import type { Program, TensorMap } from '../../src/graph/program.js';
import { recordProgram } from '../../src/graph/record-program.js';
import { isSegprobeError } from '../../src/shared/errors.js';
import { encodeModel, type GraphProto, makeModel } from '../../src/shared/onnx/index.js';
import { assertAllClose } from '../support/all-close.js';
import { mapValues, type NdArray, randomArray, tidily, toTensor } from '../support/tensorflow.js';
import { TOLERANCE } from '../support/tolerances.js';

/** A little TensorFlow.js code from one picture to another. */
export interface Piece {
  /** The variables; each is a weight of its own name. */
  readonly state?: Readonly<Record<string, NdArray>>;
  readonly run: (x: tf.Tensor4D, state: TensorMap) => tf.Tensor;
  /** @defaultValue a variable's name at offset 0 */
  readonly nameWeight?: (variable: string, offset: number) => string | undefined;
}

/** Records a piece at a shape, NHWC, and converts it; `x` is its input and `y` its output. */
export function convertPiece(piece: Piece, shape: readonly number[]): GraphProto {
  const { state = {}, run } = piece;
  const program: Program = {
    state: mapValues(state, toConstant),
    functions: {
      run: {
        inputs: { x: { dtype: 'float32', shape } },
        run: ({ x }, variables) => ({ outputs: { y: run(x as tf.Tensor4D, variables) } }),
      },
    },
  };
  return convertProgram(program, piece.nameWeight);
}

/** Converts the function `run` of a program, from `x` to `y`. */
export function convertProgram(
  program: Program,
  nameWeight: Piece['nameWeight'] = (variable, offset) => (offset === 0 ? variable : undefined),
): GraphProto {
  return convertGraph(recordProgram(program), {
    name: 'piece',
    signature: 'run',
    input: 'x',
    output: 'y',
    state: program.state,
    nameWeight,
    inputDims: ['N', 'C', 'H', 'W'],
    outputDims: ['M', 'K', 'I', 'J'],
  });
}

/**
 * Asserts that a piece, recorded at the first of `shapes` (NHWC), gives on ONNX Runtime what it gives on TensorFlow: at each of them
 * the same shape, and numbers as near as one float32 operator is.
 *
 * @param draw - the picture of a shape, NCHW.
 */
export async function assertConverts(
  piece: Piece,
  shapes: readonly (readonly [n: number, h: number, w: number, c: number])[],
  draw: (shape: readonly number[], seed: number) => NdArray = randomArray,
): Promise<GraphProto> {
  const graph = convertPiece(piece, shapes[0]!);
  const session = await InferenceSession.create(encodeModel(makeModel(graph)));
  try {
    for (const [i, [n, h, w, c]] of shapes.entries()) {
      const x = draw([n, c, h, w], i);
      const expected = onTensorFlow(piece, x);
      const input = new Tensor('float32', Float32Array.from(x.values), x.shape);
      const { y } = await session.run({ x: input });
      const what = `${n}×${h}×${w}×${c}`;
      assert.deepEqual(y!.dims, expected.shape, what);
      assertAllClose(y!.data as Float32Array, expected.values, TOLERANCE.float32Kernel, what);
    }
  } finally {
    await session.release();
  }
  return graph;
}

/** NCHW to NCHW. */
function onTensorFlow({ state = {}, run }: Piece, x: NdArray) {
  return tidily(() => {
    const picture = tf.transpose(toTensor(x) as tf.Tensor4D, [0, 2, 3, 1]);
    const y = tf.transpose(run(picture, mapValues(state, toTensor)), [0, 3, 1, 2]);
    return { shape: y.shape, values: y.dataSync() };
  });
}

/** Asserts that a piece is refused with a message of a pattern. */
export function assertUnsupported(piece: Piece, shape: readonly number[], message: RegExp): void {
  assert.throws(
    () => convertPiece(piece, shape),
    (error) => {
      assert.ok(isSegprobeError(error, 'EXPORT_UNSUPPORTED'), String(error));
      assert.match(error.message, message);
      return true;
    },
  );
}

/** One of TensorFlow's operators with attributes as plain values: text, truth, numbers, lists. */
export function rawOp(
  op: string,
  attributes: Readonly<Record<string, string | boolean | number | readonly number[]>>,
  inputs: readonly tf.Tensor[],
  outputs = 1,
): tf.Tensor[] {
  const typed = mapValues(attributes, (value) => {
    if (typeof value === 'string') return { kind: 'string', value } as const;
    if (typeof value === 'boolean') return { kind: 'bool', value } as const;
    if (typeof value === 'number') return { kind: 'float', value } as const;
    return { kind: 'ints', value } as const;
  });
  const all: Attributes = { T: { kind: 'type', value: 'float32' }, ...typed };
  return executeRawOp(op, all, inputs, outputs);
}

/** The ONNX operators of a graph, in their order. */
export function opTypesOf(graph: GraphProto): string[] {
  return graph.node.map(({ opType }) => opType);
}

function toConstant({ dtype, shape, values }: NdArray): Constant {
  assert.equal(dtype, 'float32');
  return { dtype, shape, values: Float32Array.from(values) };
}
