import * as tf from '@tensorflow/tfjs';

/**
 * Takes the label in the middle of each square of `stride` × `stride` pixels.
 *
 * @param label - int32 `[N, H, W]`, H and W multiples of `stride`.
 * @returns int32 `[N, H/stride, W/stride]`; the caller disposes it.
 */
export function shrinkLabels(label: tf.Tensor3D, stride: number): tf.Tensor3D {
  if (stride === 1) return label;
  const [n, height, width] = label.shape;
  const [rows, columns] = [height / stride, width / stride];
  const squares = tf.reshape(label, [n, rows, stride, columns, stride]);
  const middle = Math.floor(stride / 2);
  const taken = tf.slice(squares, [0, 0, middle, 0, middle], [n, rows, 1, columns, 1]);
  return tf.reshape(taken, [n, rows, columns]);
}

/**
 * Repeats each label over a square of `stride` × `stride` pixels.
 *
 * @param label - int32 `[N, H, W]`.
 * @returns int32 `[N, H·stride, W·stride]`; the caller disposes it.
 */
export function growLabels(label: tf.Tensor3D, stride: number): tf.Tensor3D {
  if (stride === 1) return label;
  const [n, height, width] = label.shape;
  const points = tf.reshape(label, [n, height, 1, width, 1]);
  const squares = tf.tile(points, [1, 1, stride, 1, stride]);
  return tf.reshape(squares, [n, height * stride, width * stride]);
}
