import * as tf from '@tensorflow/tfjs';
import { jit } from '../../graph/recorder.js';
import { SegprobeError } from '../../shared/errors.js';
import { withGradient } from './with-gradient.js';

/**
 * Undoes 2×2 max pooling: writes each value back to the place it was taken from.
 *
 * @param x - float32 `[N, H, W, C]`.
 * @param indices - int32 `[N, H, W, C]`, each `((n·2H + y)·2W + x)·C + c`, as `maxPoolWithIndices` gives them.
 * @returns float32 `[N, 2H, 2W, C]`, zero elsewhere. The caller disposes it.
 * @throws SegprobeError `SHAPE_MISMATCH` if the two shapes differ.
 * @see ENet, arXiv:1606.02147
 */
export function maxUnpool(x: tf.Tensor4D, indices: tf.Tensor4D): tf.Tensor4D {
  assertIndices(x, indices);
  return withGradient([x], (save) => {
    save([indices]);
    return {
      value: placeByIndex(x, indices),
      gradient: (dy, [where]) => [takeByIndex(dy, where as tf.Tensor4D)],
    };
  }) as tf.Tensor4D;
}

/** @throws SegprobeError `SHAPE_MISMATCH` unless there is an index for each value. */
export function assertIndices(x: tf.Tensor, indices: tf.Tensor): void {
  if (String(x.shape) === String(indices.shape)) return;
  throw new SegprobeError(
    'SHAPE_MISMATCH',
    `expected indices of shape [${x.shape}], got [${indices.shape}]`,
  );
}

/**
 * Each of the 2×2 places of a window compares its own index with the window's: no scattered writes, and one loop under XLA.
 * @returns float32 `[N, 2H, 2W, C]`.
 */
export function placeByIndex(values: tf.Tensor4D, indices: tf.Tensor4D): tf.Tensor4D {
  return placeCompiled(values, indices)[0] as tf.Tensor4D;
}

const placeCompiled = jit('maxUnpool', (values, indices) => {
  const [n, h, w, c] = values.shape as [number, number, number, number];
  const window = [n, h, 1, w, 1, c];
  const own = tf.reshape(tf.range(0, 4 * values.size, 1, 'int32'), [n, h, 2, w, 2, c]);
  const hit = tf.cast(tf.equal(tf.reshape(indices, window), own), 'float32');
  return tf.reshape(tf.mul(hit, tf.reshape(values, window)), [n, 2 * h, 2 * w, c]);
});

/** Reads `x` at `indices`, numbers into `x` flattened. @returns float32 of the shape of `indices`. */
export function takeByIndex(x: tf.Tensor, indices: tf.Tensor4D): tf.Tensor {
  return takeCompiled(x, indices)[0]!;
}

/** XLA's loop over all indices uses every core; TensorFlow's operator copies number by number on one. */
const takeCompiled = jit('takeByIndex', (x, indices) => {
  const flat = tf.gather(tf.reshape(x, [-1]), tf.reshape(indices, [-1]));
  return tf.reshape(flat, indices.shape);
});
