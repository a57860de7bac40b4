import * as tf from '@tensorflow/tfjs';
import { jit } from '../../graph/recorder.js';
import { assertIndices, takeByIndex } from './max-unpool.js';
import { withGradient } from './with-gradient.js';

/**
 * Undoes 3×3 max pooling with stride 2 and padding 1: writes each value back to the place it was taken from. Where several
 * windows have the same maximum, the last in the order of rows and columns stays, as PyTorch's `max_unpool2d` writes on a CPU.
 * As there, the gradient of each value is that of its place, whoever wrote it last.
 *
 * @param x - float32 `[N, H, W, C]`.
 * @param indices - int32 `[N, H, W, C]`, each `((n·2H + y)·2W + x)·C + c`, as `overlappingMaxPoolWithIndices` gives them.
 * @returns float32 `[N, 2H, 2W, C]`, zero elsewhere. The caller disposes it.
 * @throws SegprobeError `SHAPE_MISMATCH` if the two shapes differ.
 */
export function overlappingMaxUnpool(x: tf.Tensor4D, indices: tf.Tensor4D): tf.Tensor4D {
  assertIndices(x, indices);
  return withGradient([x], (save) => {
    save([indices]);
    return {
      value: lastByIndex(x, indices)[0]!,
      gradient: (dy, [where]) => [takeByIndex(dy, where as tf.Tensor4D)],
    };
  }) as tf.Tensor4D;
}

/**
 * Adds each value to the place that its index says: the gradient of pooling.
 * @returns float32 `[N, 2H, 2W, C]`.
 */
export function addByIndex(values: tf.Tensor4D, indices: tf.Tensor4D): tf.Tensor4D {
  return sumByIndex(values, indices)[0] as tf.Tensor4D;
}

const lastByIndex = jit('overlappingMaxUnpool', (values, indices) =>
  place(values, indices, (before, hit, value) =>
    tf.add(tf.mul(before, tf.sub(1, hit)), tf.mul(value, hit)),
  ),
);

const sumByIndex = jit('overlappingMaxPoolGradient', (values, indices) =>
  place(values, indices, (before, hit, value) => tf.add(before, tf.mul(value, hit))),
);

/**
 * Each place asks the windows that reach it whether theirs is its index: no scattered writes, and one loop under XLA.
 *
 * @param combine - what a place holds after a window, from what it held before, whether the window's maximum is there (1 or 0:
 * WebGPU knows no `tf.where` of six dimensions), and the window's value.
 */
function place(
  values: tf.Tensor,
  indices: tf.Tensor,
  combine: (before: tf.Tensor, hit: tf.Tensor, value: tf.Tensor) => tf.Tensor,
): tf.Tensor {
  const [n, h, w, c] = values.shape as [number, number, number, number];
  const own = tf.reshape(tf.range(0, 4 * values.size, 1, 'int32'), [n, h, 2, w, 2, c]);
  const [candidates, places] = [windowsReaching(values, 0), windowsReaching(indices, -1)];
  const placed = candidates.reduce(
    (before, value, i) => combine(before, tf.cast(tf.equal(places[i]!, own), 'float32'), value),
    tf.scalar(0),
  );
  return tf.reshape(placed, [n, 2 * h, 2 * w, c]);
}

/**
 * What the windows that may reach a 2×2 square of places hold, row by row: the square's own, the one to its right, the one below and
 * the one below to the right. Each is `[N, H, 1, W, 1, C]`; beyond the edge there is `absent`.
 */
function windowsReaching(x: tf.Tensor, absent: number): tf.Tensor[] {
  const [n, h, w, c] = x.shape as [number, number, number, number];
  const padded = tf.pad(
    x,
    [
      [0, 0],
      [0, 1],
      [0, 1],
      [0, 0],
    ],
    absent,
  );
  return [0, 1, 2, 3].map((i) => {
    const neighbour = tf.slice(padded, [0, i >> 1, i & 1, 0], [n, h, w, c]);
    return tf.reshape(neighbour, [n, h, 1, w, 1, c]);
  });
}
