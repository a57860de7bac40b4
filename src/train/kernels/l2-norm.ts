import * as tf from '@tensorflow/tfjs';
import { withGradient } from './with-gradient.js';

/**
 * The Euclidean norm of all numbers of a tensor, as PyTorch's `norm`: its gradient is `x / ‖x‖`, and 0 where all are 0.
 *
 * @param x - float32 of any shape.
 * @returns float32 scalar; the caller disposes it.
 */
export function l2Norm(x: tf.Tensor): tf.Scalar {
  return withGradient([x], (save) => {
    const norm = tf.sqrt(tf.sum(tf.square(x)));
    save([x, norm]);
    return {
      value: norm,
      gradient: (dy, [input, length]) => [tf.mul(input!, tf.divNoNan(dy, length!))],
    };
  }) as tf.Scalar;
}
