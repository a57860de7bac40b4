import * as tf from '@tensorflow/tfjs';
import { SegprobeError } from '../../shared/errors.js';
import { createRandom } from '../../shared/random.js';

/** The norms that bound a perturbation. */
export const NORMS = ['linf', 'l2'] as const;
export type NormName = (typeof NORMS)[number];

/** The largest L∞ of a perturbation that keeps a picture in 0..1. */
const MAX_LINF = 1;

/** How much a picture may be changed: values in 0..1, each image by itself, over all its pixels and channels. */
export interface Budget {
  readonly norm: NormName;
  /** In units of 1, not of 1/255. */
  readonly epsilon: number;
}

/** What a norm means to an attack; each image of a batch is treated by itself. Tensors are float32 `[N, H, W, C]`. */
interface NormGeometry {
  /** The step of length 1 along which a linear loss rises fastest; 0 where the gradient is 0. */
  steepest(gradient: tf.Tensor4D): tf.Tensor4D;
  /** The nearest perturbation within the ball. */
  project(perturbation: tf.Tensor4D, epsilon: number): tf.Tensor4D;
  /** A perturbation drawn from inside the ball. */
  random(shape: tf.Tensor4D['shape'], epsilon: number, random: () => number): tf.Tensor4D;
}

const TINY = 1e-12;

/** L2 norm of each image, `[N, 1, 1, 1]`. */
function lengths(x: tf.Tensor4D): tf.Tensor4D {
  return tf.sqrt(tf.sum<tf.Tensor4D>(tf.square(x), [1, 2, 3], true));
}

function drawn(shape: tf.Tensor4D['shape'], draw: () => number): tf.Tensor4D {
  const [n, h, w, c] = shape;
  return tf.tensor4d(Float32Array.from({ length: n * h * w * c }, draw), shape);
}

/** A standard normal number (Box and Muller's transform). */
function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** The geometry of each norm. */
export const NORM: Readonly<Record<NormName, NormGeometry>> = {
  linf: {
    steepest: (gradient) => tf.sign(gradient),
    project: (perturbation, epsilon) => tf.clipByValue(perturbation, -epsilon, epsilon),
    random: (shape, epsilon, random) => drawn(shape, () => (2 * random() - 1) * epsilon),
  },
  l2: {
    steepest: (gradient) => tf.div(gradient, tf.maximum(lengths(gradient), TINY)),
    project: (perturbation, epsilon) =>
      tf.mul(perturbation, tf.minimum(1, tf.div(epsilon, tf.maximum(lengths(perturbation), TINY)))),
    random: (shape, epsilon, random) => {
      // In as many dimensions as a picture has, nearly all of a ball is close to its surface: the radius is epsilon's.
      const direction = drawn(shape, () => normal(random));
      return tf.mul(direction, tf.div(epsilon, lengths(direction)));
    },
  },
};

/**
 * Brings a perturbed picture back to what it may be: within the budget of the clean one, and in 0..1.
 *
 * Clipping to 0..1 after the projection moves each value towards the clean one, so the budget holds still.
 *
 * @returns float32, the shape of `clean`; the caller disposes it.
 */
export function withinBudget(
  perturbed: tf.Tensor4D,
  clean: tf.Tensor4D,
  { norm, epsilon }: Budget,
): tf.Tensor4D {
  return tf.tidy(() => {
    const perturbation = NORM[norm].project(tf.sub(perturbed, clean), epsilon);
    return tf.clipByValue(tf.add<tf.Tensor4D>(clean, perturbation), 0, 1);
  });
}

/** Draws a picture within the budget of the clean one; equal seeds draw equal pictures. The caller disposes it. */
export function randomStart(clean: tf.Tensor4D, budget: Budget, ...seeds: number[]): tf.Tensor4D {
  return tf.tidy(() => {
    const { norm, epsilon } = budget;
    const perturbation = NORM[norm].random(clean.shape, epsilon, createRandom(...seeds));
    return withinBudget(tf.add(clean, perturbation), clean, budget);
  });
}

/**
 * Checks a budget.
 * @throws SegprobeError `USAGE` for an epsilon that is no number above 0, or for L∞ above 1.
 */
export function assertBudget({ norm, epsilon }: Budget): void {
  const most = norm === 'linf' ? MAX_LINF : Infinity;
  if (Number.isFinite(epsilon) && epsilon > 0 && epsilon <= most) return;
  const range = norm === 'linf' ? 'above 0 and at most 1, such as 8/255' : 'above 0';
  throw new SegprobeError('USAGE', `--epsilon: expected a number ${range}, got ${epsilon}`);
}
