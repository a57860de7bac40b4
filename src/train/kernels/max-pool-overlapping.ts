import * as tf from '@tensorflow/tfjs';
import { jit } from '../../graph/recorder.js';
import { padSpatially } from './conv2d.js';
import { LOWEST, type PooledWithIndices, poolWithIndices } from './max-pool.js';
import { addByIndex } from './max-unpool-overlapping.js';
import { withGradient } from './with-gradient.js';

/**
 * Max pooling 3×3 with stride 2 and padding 1 that also says where each maximum was. Windows overlap, so that up to four may have
 * the same maximum.
 *
 * @param x - float32 `[N, H, W, C]`, H and W even.
 * @returns value and indices `[N, H/2, W/2, C]`, an index being `((n·H + y)·W + x)·C + c` as `maxPoolWithIndices` has it, without
 * the padding; of equal maxima the first of the window. The caller disposes them.
 */
export function overlappingMaxPoolWithIndices(x: tf.Tensor4D): PooledWithIndices {
  const { value: pooled, indices: padded } = poolWithIndices(padSpatially(x, [1, 1], LOWEST), 3);
  const indices = withoutPadding(padded)[0] as tf.Tensor4D;
  const value = withGradient([x], (save) => {
    save([indices]);
    return {
      value: tf.clone(pooled),
      gradient: (dy, [where]) => [addByIndex(dy as tf.Tensor4D, where as tf.Tensor4D)],
    };
  });
  return { value: value as tf.Tensor4D, indices };
}

/** From indices into `[N, H+2, W+2, C]` to those into `[N, H, W, C]`; int32, both `[N, H/2, W/2, C]`. */
const withoutPadding = jit('unpadIndices', (padded) => {
  const [, h, w, channels] = padded.shape as [number, number, number, number];
  const times = (x: tf.Tensor, factor: number): tf.Tensor => tf.mul(x, tf.scalar(factor, 'int32'));
  const over = (x: tf.Tensor, divisor: number): tf.Tensor =>
    tf.floorDiv(x, tf.scalar(divisor, 'int32'));
  const [height, width] = [2 * h, 2 * w];
  const rowLength = (width + 2) * channels;
  const row = over(padded, rowLength); // n·(H + 2) + y + 1
  const inRow = tf.sub(padded, times(row, rowLength)); // (x + 1)·C + c
  const picture = over(row, height + 2); // n
  const beforeRow = times(tf.sub(row, times(picture, 2)), width * channels); // (n·H + y + 1)·W·C
  return tf.sub(tf.add(beforeRow, inRow), tf.scalar((width + 1) * channels, 'int32'));
});
