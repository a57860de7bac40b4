import * as tf from '@tensorflow/tfjs';
import { executeRawOp, isNativeBackend } from '../../graph/node-backend.js';
import { bool, float, FLOAT_TYPE, string } from './raw.js';
import { withGradient } from './with-gradient.js';

/** PyTorch's default, added to the variance. */
export const BATCH_NORM_EPSILON = 1e-5;

export interface BatchNormResult {
  /** float32 `[N, H, W, C]`. */
  readonly value: tf.Tensor4D;
  /** float32 `[C]`; kept: the caller disposes it. */
  readonly batchMean: tf.Tensor;
  /** float32 `[C]`, the unbiased variance that PyTorch's running statistics take; kept: the caller disposes it. */
  readonly batchVariance: tf.Tensor;
}

/**
 * Batch normalisation in training mode: by the mean and the biased variance of this batch.
 *
 * @param x - float32 `[N, H, W, C]`.
 * @param scale - float32 `[C]`, gamma.
 * @param offset - float32 `[C]`, beta.
 * @see arXiv:1502.03167
 */
export function batchNormTraining(
  x: tf.Tensor4D,
  scale: tf.Tensor,
  offset: tf.Tensor,
): BatchNormResult {
  return isNativeBackend()
    ? nativeBatchNormTraining(x, scale, offset)
    : portableBatchNormTraining(x, scale, offset);
}

/** Batch normalisation in evaluation mode: by running statistics, each float32 `[C]`. */
export function batchNormEvaluation(
  x: tf.Tensor4D,
  scale: tf.Tensor,
  offset: tf.Tensor,
  mean: tf.Tensor,
  variance: tf.Tensor,
): tf.Tensor4D {
  return tf.batchNorm(
    x,
    mean as tf.Tensor1D,
    variance as tf.Tensor1D,
    offset as tf.Tensor1D,
    scale as tf.Tensor1D,
    BATCH_NORM_EPSILON,
  );
}

function nativeBatchNormTraining(
  x: tf.Tensor4D,
  scale: tf.Tensor,
  offset: tf.Tensor,
): BatchNormResult {
  const attributes = {
    T: FLOAT_TYPE,
    U: FLOAT_TYPE,
    epsilon: float(BATCH_NORM_EPSILON),
    data_format: string('NHWC'),
    is_training: bool(true),
  };
  let statistics: tf.Tensor[] = [];
  const value = withGradient([x, scale, offset], (save) => {
    const none = tf.tensor1d([]);
    const forward = { ...attributes, exponential_avg_factor: float(1) };
    const [normalized, mean, variance, ...reserved] = executeRawOp(
      'FusedBatchNormV3',
      forward,
      [x, scale, offset, none, none],
      6,
    );
    statistics = [tf.keep(mean!), tf.keep(variance!)];
    save([x, scale, ...reserved]);
    return {
      value: normalized!,
      gradient: (dy, saved) =>
        executeRawOp('FusedBatchNormGradV3', attributes, [dy, ...saved], 5).slice(0, 3),
    };
  });
  return { value: value as tf.Tensor4D, batchMean: statistics[0]!, batchVariance: statistics[1]! };
}

function portableBatchNormTraining(
  x: tf.Tensor4D,
  scale: tf.Tensor,
  offset: tf.Tensor,
): BatchNormResult {
  const { mean, variance } = tf.moments(x, [0, 1, 2]);
  const count = x.size / x.shape[3];
  return {
    value: batchNormEvaluation(x, scale, offset, mean, variance),
    batchMean: tf.keep(mean.clone()),
    batchVariance: tf.keep(tf.mul(variance, count / Math.max(1, count - 1))),
  };
}
