import * as tf from '@tensorflow/tfjs';
import { isNativeBackend } from '../../graph/node-backend.js';
import { jit } from '../../graph/recorder.js';
import { keepHardPixels } from './hard-pixels.js';
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
  const given = weightsOf(flatLabels, classWeights)[0]!;
  const weights =
    hardBelow === undefined ? given : keepHardPixels(flatLogits, flatLabels, given, hardBelow);
  const shares = tf.div<tf.Tensor1D>(weights, tf.sum(weights)); // [P], sums to 1
  return isNativeBackend()
    ? nativeCrossEntropy(flatLogits, flatLabels, shares)
    : portableCrossEntropy(flatLogits, flatLabels, shares);
}

/** The weight of each label's class. */
const weightsOf = jit('classWeights', (labels, classWeights) => tf.gather(classWeights, labels));

function nativeCrossEntropy(
  logits: tf.Tensor2D,
  labels: tf.Tensor1D,
  shares: tf.Tensor1D,
): tf.Scalar {
  return withGradient([logits], (save) => {
    const [terms, logSums] = pixelTerms(logits, labels, shares);
    save([pixelGradients(logits, labels, shares, logSums!)[0]!]);
    return {
      value: tf.sum(terms!),
      gradient: (dy, [saved]) => [tf.mul(saved!, dy)],
    };
  }) as tf.Scalar;
}

/**
 * Each pixel's share of the loss and the logarithm of its sum of exponentials, both `[P]`. Written class by class: XLA's
 * reductions over a short last axis take three times as long.
 */
const pixelTerms = jit('crossEntropy', (logits, labels, shares) => {
  const byClass = Array.from({ length: logits.shape[1]! }, (_, k) =>
    tf.reshape(tf.slice(logits, [0, k], [-1, 1]), [-1]),
  );
  const largest = byClass.reduce((max, logit) => tf.maximum(max, logit));
  const sum = byClass
    .map((logit) => tf.exp(tf.sub(logit, largest)))
    .reduce((total, term) => tf.add(total, term));
  const logSum = tf.add(largest, tf.log(sum));
  const right = byClass.reduce((found, logit, k) => {
    return tf.where(tf.equal(labels, tf.scalar(k, 'int32')), logit, found);
  });
  return [tf.mul(shares, tf.sub(logSum, right)), logSum];
});

/** The gradient of the loss, `[P, K]`: share · (p − 1 of the right class, p of the others). */
const pixelGradients = jit('crossEntropyGradient', (logits, labels, shares, logSums) => {
  const column = (x: tf.Tensor): tf.Tensor => tf.reshape(x, [-1, 1]);
  const classes = tf.range(0, logits.shape[1]!, 1, 'int32');
  const isRight = tf.cast(tf.equal(column(labels), classes), 'float32');
  const probability = tf.exp(tf.sub(logits, column(logSums)));
  return tf.mul(column(shares), tf.sub(probability, isRight));
});

function portableCrossEntropy(
  logits: tf.Tensor2D,
  labels: tf.Tensor1D,
  shares: tf.Tensor1D,
): tf.Scalar {
  const chosen = tf.mul(tf.oneHot(labels, logits.shape[1]), tf.logSoftmax(logits));
  return tf.neg(tf.sum(tf.mul(tf.sum(chosen, 1), shares))) as tf.Scalar;
}
