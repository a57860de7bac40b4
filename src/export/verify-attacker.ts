import * as tf from '@tensorflow/tfjs';
import type { ProgramRunner } from '../graph/program.js';
import { takeValues } from '../graph/take-values.js';
import type { Precision } from '../shared/manifest.js';
import { createAttackerProgram } from '../train/attacker-program.js';
import { createAttacker } from '../train/attackers/index.js';
import { createRunner } from '../train/device.js';
import { packWeights } from '../train/packing.js';
import type { AttackerWeights } from './attacker-graph.js';
import { assertFiniteWeights } from './finite-weights.js';
import {
  differs,
  openOnnx,
  randomImage,
  type Shape,
  toPlanes,
  VERIFIED_SHAPES,
} from './run-onnx.js';

/**
 * How far ONNX Runtime's pictures may be from TensorFlow's, in 0..1, by the precision of the weights: a fortieth of a step of 8 bits, and half a
 * step.
 */
export const MAX_PICTURE_DIFFERENCE: Readonly<Record<Precision, number>> = {
  float32: 1e-4,
  float16: 2e-3,
};

/** How far apart the attacked pictures of both are. */
export interface AttackerVerification {
  /** Largest |ONNX Runtime − TensorFlow| of a number in 0..1. */
  readonly pictureDifference: number;
}

/**
 * Runs an exported attacker on ONNX Runtime, and its weights on TensorFlow, on random pictures.
 *
 * @returns the worst over all shapes.
 * @throws SegprobeError `EXPORT_UNSUPPORTED` if ONNX Runtime does not run it, or gives pictures that differ by more than
 * {@link MAX_PICTURE_DIFFERENCE}; `CHECKPOINT_INVALID` for weights that are not finite.
 */
export async function verifyAttacker(
  onnx: Uint8Array,
  attacker: AttackerWeights,
  precision: Precision = 'float32',
): Promise<AttackerVerification> {
  assertFiniteWeights(attacker.weights, attacker.weightsFile);
  const model = await openOnnx(onnx, 'attacked');
  try {
    let pictureDifference = 0;
    for (const shape of shapesOf(attacker.shape)) {
      const image = randomImage(shape, 1);
      const expected = await attackOnTensorFlow(attacker, image, shape);
      const actual = await model.run(image, shape, 3);
      expected.forEach((value, i) => {
        pictureDifference = Math.max(pictureDifference, Math.abs(actual[i]! - value));
      });
    }
    const most = MAX_PICTURE_DIFFERENCE[precision];
    if (pictureDifference <= most) return { pictureDifference };
    throw differs(`pictures within ${most} of TensorFlow's`, `${pictureDifference}`);
  } finally {
    await model.release();
  }
}

/** A universal perturbation has one size. */
function shapesOf({ model, height, width }: AttackerWeights['shape']): readonly Shape[] {
  return model === 'universal' ? [{ count: 2, height, width }] : VERIFIED_SHAPES;
}

/** NCHW. */
async function attackOnTensorFlow(
  { shape: attackerShape, weights, weightsFile }: AttackerWeights,
  image: Float32Array,
  shape: Shape,
): Promise<Float32Array> {
  const { count, height, width } = shape;
  const attacker = createAttacker(attackerShape);
  const runner: ProgramRunner = createRunner(
    createAttackerProgram({
      attacker,
      weights: packWeights(attacker.spec, weights, weightsFile),
      height,
      width,
      attackBatchSizes: [count],
    }),
  );
  try {
    const outputs = tf.tidy(() => {
      const pictures = tf.tensor4d(image, [count, height, width, 3]);
      const { attacked } = runner.run(`attack/${count}`, { image: pictures });
      return { attacked: attacked! };
    });
    const { attacked } = await takeValues(outputs);
    return toPlanes(attacked as Float32Array, shape, 3);
  } finally {
    runner.dispose();
  }
}
