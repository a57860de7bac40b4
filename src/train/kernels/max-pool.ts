import * as tf from '@tensorflow/tfjs';
import { executeRawOp, isNativeBackend } from '../../graph/node-backend.js';
import { padSpatially } from './conv2d.js';
import { placeByIndex } from './max-unpool.js';
import { bool, FLOAT_TYPE, INT_TYPE, ints, string, windowAttributes } from './raw.js';
import { withGradient } from './with-gradient.js';

export interface MaxPoolOptions {
  readonly kernel: number;
  readonly stride: number;
  /** Minus infinity added on both sides of an axis, as PyTorch counts it. */
  readonly padding: number;
}

/** float32's lowest number, for padding: an infinity would turn zero weights into NaN. */
export const LOWEST = -3.4028234663852886e38;

/**
 * Max pooling as PyTorch's `max_pool2d`. On ties the gradient goes to the first of the window.
 *
 * @param x - float32 `[N, H, W, C]`.
 * @returns float32 `[N, H', W', C]` with `H' = floor((H + 2·padding − kernel) / stride) + 1`. The caller disposes it.
 */
export function maxPool(x: tf.Tensor4D, { kernel, stride, padding }: MaxPoolOptions): tf.Tensor4D {
  if (!isNativeBackend()) {
    return tf.maxPool(padSpatially(x, [padding, padding], LOWEST), kernel, stride, 'valid');
  }
  const attributes = {
    ...windowAttributes({
      kernel: [kernel, kernel],
      strides: [stride, stride],
      padding: [padding, padding],
      dilations: [1, 1],
    }),
    ksize: ints([1, kernel, kernel, 1]),
  };
  return withGradient([x], (save) => {
    const value = executeRawOp('MaxPool', attributes, [x])[0]!;
    save([x, value]);
    return {
      value,
      gradient: (dy, [input, output]) =>
        executeRawOp('MaxPoolGrad', attributes, [input!, output!, dy]),
    };
  }) as tf.Tensor4D;
}

export interface PooledWithIndices {
  /** float32 `[N, H/2, W/2, C]`. */
  readonly value: tf.Tensor4D;
  /** int32 `[N, H/2, W/2, C]`, each `((n·H + y)·W + x)·C + c` of the maximum; of equal ones the first in that order. */
  readonly indices: tf.Tensor4D;
}

/**
 * Max pooling 2×2 with stride 2 that also says where each maximum was, for {@link maxUnpool}.
 *
 * @param x - float32 `[N, H, W, C]`, H and W even.
 */
export function maxPoolWithIndices(x: tf.Tensor4D): PooledWithIndices {
  const { value: pooled, indices } = poolWithIndices(x, 2);
  const value = withGradient([x], (save) => {
    save([indices]);
    return {
      value: tf.clone(pooled),
      gradient: (dy, [where]) => [placeByIndex(dy as tf.Tensor4D, where as tf.Tensor4D)],
    };
  });
  return { value: value as tf.Tensor4D, indices };
}

/** Pools windows of `kernel` × `kernel` with stride 2 and no padding; no gradient flows through it. */
export function poolWithIndices(x: tf.Tensor4D, kernel: number): PooledWithIndices {
  if (isNativeBackend()) {
    const attributes = {
      T: FLOAT_TYPE,
      Targmax: INT_TYPE,
      ksize: ints([1, kernel, kernel, 1]),
      strides: ints([1, 2, 2, 1]),
      padding: string('VALID'),
      include_batch_in_index: bool(true),
    };
    const [value, indices] = executeRawOp('MaxPoolWithArgmax', attributes, [x], 2);
    return { value: value as tf.Tensor4D, indices: indices as tf.Tensor4D };
  }
  const { result, indexes } = tf.maxPoolWithArgmax(x, kernel, 2, 'valid', true);
  return { value: result as tf.Tensor4D, indices: tf.cast(indexes!, 'int32') as tf.Tensor4D };
}
