import * as tf from '@tensorflow/tfjs';
import { executeRawOp, isNativeBackend } from '../../graph/node-backend.js';
import { FLOAT_TYPE, string } from './raw.js';
import { withGradient } from './with-gradient.js';

/**
 * Adds one number to each channel.
 *
 * @param x - float32 `[N, H, W, C]`.
 * @param bias - float32 `[C]`.
 * @returns float32 `[N, H, W, C]`. The caller disposes it.
 */
export function addBias(x: tf.Tensor4D, bias: tf.Tensor): tf.Tensor4D {
  if (!isNativeBackend()) return tf.add(x, bias);
  const attributes = { T: FLOAT_TYPE, data_format: string('NHWC') };
  return withGradient([x, bias], () => ({
    value: executeRawOp('BiasAdd', attributes, [x, bias])[0]!,
    gradient: (dy) => [dy, tf.sum(dy, [0, 1, 2])],
  })) as tf.Tensor4D;
}
