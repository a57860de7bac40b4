import * as tf from '@tensorflow/tfjs';

/** Adam's constants, PyTorch's defaults. */
export const BETA_1 = 0.9;
export const BETA_2 = 0.999;
export const EPSILON = 1e-8;

/** What Adam needs of one step besides tensors: float32 scalars, so that a recorded step takes any. */
export interface AdamStep {
  /** lr / (1 − β₁ᵗ) */
  readonly stepSize: number;
  /** √(1 − β₂ᵗ) */
  readonly secondCorrection: number;
}

/**
 * Computes the bias corrections in float64, as PyTorch does.
 * @param step - counted from 1.
 */
export function adamStep(step: number, learningRate: number): AdamStep {
  return {
    stepSize: learningRate / (1 - BETA_1 ** step),
    secondCorrection: Math.sqrt(1 - BETA_2 ** step),
  };
}

export interface AdamTensors {
  readonly parameters: tf.Tensor;
  /** Running mean of the gradient. */
  readonly firstMoment: tf.Tensor;
  /** Running mean of its square. */
  readonly secondMoment: tf.Tensor;
}

/**
 * Takes one step of Adam with L2 regularisation, as PyTorch's `Adam(weight_decay)`: the decay is added to the gradient.
 *
 * @param gradient - float32, the shape of `parameters`.
 * @returns the tensors after the step.
 * @see arXiv:1412.6980
 */
export function adam(
  { parameters, firstMoment, secondMoment }: AdamTensors,
  gradient: tf.Tensor,
  { stepSize, secondCorrection }: { stepSize: tf.Tensor; secondCorrection: tf.Tensor },
  weightDecay: number,
): AdamTensors {
  const decayed = tf.add(gradient, tf.mul(parameters, weightDecay));
  const first = tf.add(tf.mul(firstMoment, BETA_1), tf.mul(decayed, 1 - BETA_1));
  const second = tf.add(tf.mul(secondMoment, BETA_2), tf.mul(tf.square(decayed), 1 - BETA_2));
  const denominator = tf.add(tf.div(tf.sqrt(second), secondCorrection), EPSILON);
  return {
    parameters: tf.sub(parameters, tf.mul(stepSize, tf.div(first, denominator))),
    firstMoment: first,
    secondMoment: second,
  };
}
