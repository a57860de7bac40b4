import * as tf from '@tensorflow/tfjs';
import type { Oracle } from '../../../src/train/attacks/attack.js';
import { createRandom } from '../../../src/shared/random.js';

/** A victim whose objective is Σ slope·x, or −Σ(x − target)²: what an attack can reach at most is known. */
export interface KnownOracle extends Oracle {
  /** How often it was asked. */
  readonly queries: number;
}

export const SHAPE: [number, number, number, number] = [2, 4, 5, 3];
const LENGTH = 2 * 4 * 5 * 3;

/** Pictures away from 0 and 1, so that a small perturbation is nowhere clipped. */
export function greyPictures(): tf.Tensor4D {
  const random = createRandom(3);
  return tf.tensor4d(
    Float32Array.from({ length: LENGTH }, () => 0.3 + 0.4 * random()),
    SHAPE,
  );
}

/** A different slope for each value; that of the second image is smaller by 100. */
export function slopes(): Float32Array {
  const random = createRandom(4);
  return Float32Array.from(
    { length: LENGTH },
    (_, i) => (2 * random() - 1) / (i < LENGTH / 2 ? 1 : 100),
  );
}

export function linearOracle(slope: Float32Array): KnownOracle {
  return oracleOf((image) => tf.mul(image, tf.tensor4d(slope, SHAPE)));
}

/** −(x − target)²: the steepest ascent overshoots where steps are long. */
export function bowlOracle(target: Float32Array): KnownOracle {
  return oracleOf((image) => tf.neg(tf.square(tf.sub(image, tf.tensor4d(target, SHAPE)))));
}

function oracleOf(terms: (image: tf.Tensor4D) => tf.Tensor): KnownOracle {
  let queries = 0;
  return {
    get queries() {
      return queries;
    },
    query: (_, image) => {
      queries++;
      const answer = tf.tidy(() => {
        const objective = (x: tf.Tensor): tf.Tensor => tf.sum(terms(x as tf.Tensor4D), [1, 2, 3]);
        const gradient = tf.keep(tf.grad((x: tf.Tensor) => tf.sum(objective(x)))(image));
        return { gradient, values: tf.keep(objective(image)) };
      });
      const objectives = Float32Array.from(answer.values.dataSync());
      answer.values.dispose();
      return Promise.resolve({ gradient: answer.gradient as tf.Tensor4D, objectives });
    },
  };
}
