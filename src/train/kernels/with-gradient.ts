import * as tf from '@tensorflow/tfjs';

export interface ValueAndGradient {
  readonly value: tf.Tensor;
  /** From the gradient of the value and the saved tensors to the gradients of the inputs, in their order. */
  readonly gradient: (dy: tf.Tensor, saved: tf.Tensor[]) => tf.Tensor[];
}

/**
 * Computes a value whose gradient is written by hand: `tf.customGrad` without its untyped arguments. What the gradient needs
 * must be saved; tensors that are not among `inputs` get no gradient.
 */
export function withGradient(
  inputs: readonly tf.Tensor[],
  forward: (save: (tensors: tf.Tensor[]) => void) => ValueAndGradient,
): tf.Tensor {
  const compute = tf.customGrad((...args) => {
    const save = args.at(-1) as unknown as tf.GradSaveFunc;
    const { value, gradient } = forward(save);
    return { value, gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => gradient(dy, saved) };
  });
  return compute(...inputs);
}
