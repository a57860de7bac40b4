import * as tf from '@tensorflow/tfjs';
import { jit } from '../../graph/recorder.js';
import { withGradient } from './with-gradient.js';

/**
 * Cuts every number to 0..1, as PyTorch's `clamp(x, 0, 1)`: the gradient flows where x lies in 0..1, the two ends included.
 *
 * @param x - float32 of any shape.
 * @returns float32 of the same shape. The caller disposes it.
 */
export function clampToUnit(x: tf.Tensor4D): tf.Tensor4D {
  return withGradient([x], (save) => {
    save([x]);
    return {
      value: clampForward(x)[0]!,
      gradient: (dy, [input]) => clampBackward(dy, input!),
    };
  }) as tf.Tensor4D;
}

const clampForward = jit('clampToUnit', (x) => tf.minimum(tf.maximum(x, 0), 1));

const clampBackward = jit('clampToUnitGradient', (dy, x) =>
  tf.where(tf.logicalAnd(tf.greaterEqual(x, 0), tf.lessEqual(x, 1)), dy, tf.zerosLike(dy)),
);
