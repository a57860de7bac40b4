import * as tf from '@tensorflow/tfjs';
import { jit } from '../../graph/recorder.js';
import type { Budget } from '../attacks/norm.js';
import { withGradient } from '../kernels/with-gradient.js';

/**
 * Adds a perturbation that cannot leave its budget, however large the numbers are that it is made of.
 *
 * - L∞: `epsilon · raw`, each value cut to ±epsilon. The gradient flows where nothing is cut, and where it leads back from the
 *   cut: a generator that has gone too far can turn round, which one bounded by tanh cannot.
 * - L2: `epsilon · raw / √(1 + ‖raw‖²)`, each image by itself.
 *
 * Cutting to 0..1 afterwards only brings values nearer to the picture's.
 *
 * @param image - float32 `[N, H, W, 3]`, RGB in 0..1; no gradient flows to it.
 * @param raw - float32, the same shape, or that of one image.
 * @returns float32 `[N, H, W, 3]` in 0..1; the caller disposes it.
 */
export function addBounded(
  image: tf.Tensor4D,
  raw: tf.Tensor4D,
  { norm, epsilon }: Budget,
): tf.Tensor4D {
  const { forward, backward } = BOUNDED_SUM[norm];
  return withGradient([raw], (save) => {
    const size = tf.scalar(epsilon);
    save([image, raw, size]);
    return {
      value: forward(image, raw, size)[0]!,
      gradient: (dy, saved) => {
        const slope = backward(dy, ...saved)[0]!;
        return [sameShape(slope, raw) ? slope : tf.sum(slope, 0, true)];
      },
    };
  }) as tf.Tensor4D;
}

/** The exporter knows the forward ones by these names (src/export/converters/bounded-sum.ts). */
const BOUNDED_SUM = {
  linf: {
    forward: jit('addWithinLinf', (image, raw, epsilon) => {
      const perturbation = tf.mul(tf.minimum(tf.maximum(raw, -1), 1), epsilon);
      return cutToUnit(tf.add(image, perturbation));
    }),
    backward: jit('addWithinLinfGradient', (dy, image, raw, epsilon) => {
      const wanted = tf.mul(raw, epsilon);
      const most = tf.minimum(epsilon, tf.sub(1, image));
      const least = tf.maximum(tf.neg(epsilon), tf.neg(image));
      // Training goes against the gradient: a positive one leads down.
      const blocked = tf.logicalOr(
        tf.logicalAnd(tf.greater(wanted, most), tf.less(dy, 0)),
        tf.logicalAnd(tf.less(wanted, least), tf.greater(dy, 0)),
      );
      return tf.where(blocked, tf.zerosLike(dy), tf.mul(dy, epsilon));
    }),
  },
  l2: {
    forward: jit('addWithinL2', (image, raw, epsilon) =>
      cutToUnit(tf.add(image, tf.mul(tf.mul(raw, shrinking(raw)), epsilon))),
    ),
    backward: jit('addWithinL2Gradient', (dy, image, raw, epsilon) => {
      const shrink = shrinking(raw);
      const sum = tf.add(image, tf.mul(tf.mul(raw, shrink), epsilon));
      const inside = tf.logicalAnd(tf.greaterEqual(sum, 0), tf.lessEqual(sum, 1));
      const slope = tf.where(inside, tf.mul(dy, epsilon), tf.zerosLike(dy));
      const along = tf.sum(tf.mul(slope, raw), [1, 2, 3], true);
      // Of raw·s with s = (1 + ‖raw‖²)^−½: s·dy − raw·s³·(raw·dy).
      const cube = tf.mul(tf.mul(shrink, shrink), shrink);
      return tf.sub(tf.mul(slope, shrink), tf.mul(tf.mul(raw, cube), along));
    }),
  },
} as const;

const cutToUnit = (x: tf.Tensor): tf.Tensor => tf.minimum(tf.maximum(x, 0), 1);

/** (1 + ‖raw‖²)^−½ of each image, `[N, 1, 1, 1]`. */
const shrinking = (raw: tf.Tensor): tf.Tensor =>
  tf.rsqrt(tf.add(tf.sum(tf.square(raw), [1, 2, 3], true), 1));

const sameShape = (a: tf.Tensor, b: tf.Tensor): boolean => String(a.shape) === String(b.shape);
