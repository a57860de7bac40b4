import * as tf from '@tensorflow/tfjs';
import type { Size } from '../../data/dataset.js';
import { jit } from '../../graph/recorder.js';

export interface Scenes {
  /** float32 `[N, H, W, 3]`, RGB in 0..1. */
  readonly image: tf.Tensor4D;
  /** int32 `[N, H, W]`. */
  readonly label: tf.Tensor3D;
}

export interface ViewTensors {
  /** float32 `[N, 4]`; see `Views`. */
  readonly boxes: tf.Tensor2D;
  /** float32 `[N, 3, 4]`; see `Views`. */
  readonly colors: tf.Tensor3D;
}

/**
 * Cuts a window out of each scene, scales it (the picture bilinearly, the label to the nearest pixel) and changes its colours.
 *
 * @param size - of the result.
 * @param ignoreIndex - the label of what lies outside the scene; the picture is black there.
 * @returns the scenes of that size; the caller disposes them. No gradient flows back.
 */
export function viewScenes(
  { image, label }: Scenes,
  { boxes, colors }: ViewTensors,
  { height, width }: Size,
  ignoreIndex: number,
): Scenes {
  const [count] = image.shape;
  const own = tf.tensor1d(
    Array.from({ length: count }, (_, n) => n),
    'int32',
  );
  const cut = (x: tf.Tensor4D, method: 'bilinear' | 'nearest', outside: number): tf.Tensor4D =>
    tf.image.cropAndResize(x, boxes, own, [height, width], method, outside);
  const numbers = tf.cast(tf.reshape<tf.Rank.R4>(label, [...label.shape, 1]), 'float32');
  const labels = tf.reshape<tf.Rank.R3>(cut(numbers, 'nearest', ignoreIndex), [
    count,
    height,
    width,
  ]);
  const rows = tf.split(tf.reshape(colors, [count, 1, 1, 12]), 12, 3);
  return {
    image: recolor(cut(image, 'bilinear', 0), ...rows)[0] as tf.Tensor4D,
    label: tf.cast(labels, 'int32'),
  };
}

/** Gives each pixel the colour that three rows of four make of its own, within 0..1, in one loop. */
const recolor = jit('recolor', (image, ...row) => {
  const [red, green, blue] = tf.split(image, 3, 3);
  const channel = (i: number): tf.Tensor => {
    const [r, g, b, shift] = row.slice(4 * i, 4 * i + 4);
    const sum = tf.add(tf.add(tf.mul(red!, r!), tf.mul(green!, g!)), tf.mul(blue!, b!));
    return tf.clipByValue(tf.add(sum, shift!), 0, 1);
  };
  return [tf.concat([channel(0), channel(1), channel(2)], 3)];
});
