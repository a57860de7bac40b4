import * as tf from '@tensorflow/tfjs';
import { executeRawOp, isNativeBackend } from '../../graph/node-backend.js';
import { jit } from '../../graph/recorder.js';
import { FLOAT_TYPE, INT_TYPE } from './raw.js';

/** Where less than this share of the weight is hard, all pixels count: the mean of a few would be noise. */
const LEAST_SHARE = 1 / 16;

/**
 * Online hard example mining: sets the weight of each pixel to 0 whose true class the network already gives a probability of
 * at least `probability`.
 *
 * @param logits - float32 `[P, K]`.
 * @param labels - int32 `[P]`.
 * @param weights - float32 `[P]`.
 * @param probability - in 0..1.
 * @returns float32 `[P]`; the caller disposes it. No gradient flows through it.
 * @see arXiv:1604.03540
 */
export function keepHardPixels(
  logits: tf.Tensor2D,
  labels: tf.Tensor1D,
  weights: tf.Tensor,
  probability: number,
): tf.Tensor {
  const losses = isNativeBackend()
    ? pixelLosses(logits, labels)[0]!
    : tf.neg(tf.sum(tf.mul(tf.oneHot(labels, logits.shape[1]), tf.logSoftmax(logits)), 1));
  const hard = tf.mul(weights, tf.cast(tf.greater(losses, -Math.log(probability)), 'float32'));
  const tooFew = tf.less(tf.sum(hard), tf.mul(tf.sum(weights), LEAST_SHARE));
  return tf.maximum(hard, tf.mul(weights, tf.cast(tooFew, 'float32')));
}

const pixelLosses = jit('pixelLosses', (logits, labels) => {
  const attributes = { T: FLOAT_TYPE, Tlabels: INT_TYPE };
  const op = 'SparseSoftmaxCrossEntropyWithLogits';
  return [executeRawOp(op, attributes, [logits, labels], 2)[0]!];
});
