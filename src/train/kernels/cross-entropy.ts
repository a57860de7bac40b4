import * as tf from '@tensorflow/tfjs';
import { executeRawOp, isNativeBackend } from '../../graph/node-backend.js';
import { jit } from '../../graph/recorder.js';
import { keepHardPixels } from './hard-pixels.js';
import { FLOAT_TYPE, INT_TYPE } from './raw.js';
import { withGradient } from './with-gradient.js';

/**
 * Cross entropy over pixels, weighted by class and averaged as PyTorch does: `Σ w[y]·(−log p[y]) / Σ w[y]`.
 *
 * @param logits - float32 `[N, H, W, K]`.
 * @param labels - int32 `[N, H, W]`, each in 0..K−1. A class of weight 0 is ignored; at least one pixel must count.
 * @param classWeights - float32 `[K]`.
 * @param options.hardBelow - only pixels count whose right class has a probability below this; see `keepHardPixels`.
 * @returns float32 scalar; the caller disposes it. No gradient flows to labels or weights.
 */
export function crossEntropy(
  logits: tf.Tensor4D,
  labels: tf.Tensor,
  classWeights: tf.Tensor,
  { hardBelow }: { readonly hardBelow?: number | undefined } = {},
): tf.Scalar {
  const classCount = logits.shape[3];
  const flatLabels = tf.reshape<tf.Rank.R1>(labels, [-1]);
  const flatLogits = tf.reshape<tf.Rank.R2>(logits, [-1, classCount]);
  const given = tf.gather(classWeights, flatLabels);
  const weights =
    hardBelow === undefined ? given : keepHardPixels(flatLogits, flatLabels, given, hardBelow);
  const shares = tf.div<tf.Tensor1D>(weights, tf.sum(weights)); // [P], sums to 1
  return isNativeBackend()
    ? nativeCrossEntropy(flatLogits, flatLabels, shares)
    : portableCrossEntropy(flatLogits, flatLabels, shares);
}

function nativeCrossEntropy(
  logits: tf.Tensor2D,
  labels: tf.Tensor1D,
  shares: tf.Tensor1D,
): tf.Scalar {
  return withGradient([logits], (save) => {
    const [terms, gradient] = weightedCrossEntropy(logits, labels, shares);
    save([gradient!]);
    return {
      value: tf.sum(terms!),
      gradient: (dy, [saved]) => [tf.mul(saved!, dy)],
    };
  }) as tf.Scalar;
}

/** Each pixel's share of the loss `[P]`, and its gradient `[P, K]`, in one loop. */
const weightedCrossEntropy = jit('crossEntropy', (logits, labels, shares) => {
  const attributes = { T: FLOAT_TYPE, Tlabels: INT_TYPE };
  const op = 'SparseSoftmaxCrossEntropyWithLogits';
  const [terms, gradient] = executeRawOp(op, attributes, [logits, labels], 2);
  return [tf.mul(terms!, shares), tf.mul(gradient!, tf.reshape(shares, [-1, 1]))];
});

function portableCrossEntropy(
  logits: tf.Tensor2D,
  labels: tf.Tensor1D,
  shares: tf.Tensor1D,
): tf.Scalar {
  const chosen = tf.mul(tf.oneHot(labels, logits.shape[1]), tf.logSoftmax(logits));
  return tf.neg(tf.sum(tf.mul(tf.sum(chosen, 1), shares))) as tf.Scalar;
}
