import * as tf from '@tensorflow/tfjs';
import type { Budget } from '../attacks/norm.js';
import { clampToUnit } from '../kernels/clamp.js';

/**
 * Adds a perturbation that cannot leave its budget, however large the numbers are that it is made of.
 *
 * - L∞: `epsilon · tanh(raw)`, each value by itself.
 * - L2: `epsilon · raw / √(1 + ‖raw‖²)`, each image by itself.
 *
 * Cutting to 0..1 afterwards only brings values nearer to the picture's.
 *
 * @param image - float32 `[N, H, W, 3]`, RGB in 0..1.
 * @param raw - float32, the same shape, or one that broadcasts to it.
 * @returns float32 `[N, H, W, 3]` in 0..1; the caller disposes it.
 */
export function addBounded(
  image: tf.Tensor4D,
  raw: tf.Tensor4D,
  { norm, epsilon }: Budget,
): tf.Tensor4D {
  const perturbation =
    norm === 'linf' ? tf.mul(tf.tanh(raw), epsilon) : tf.mul(withinUnitBall(raw), epsilon);
  return clampToUnit(tf.add(image, perturbation));
}

function withinUnitBall(raw: tf.Tensor4D): tf.Tensor4D {
  const squared = tf.sum(tf.square(raw), [1, 2, 3], true);
  return tf.div(raw, tf.sqrt(tf.add(squared, 1)));
}
