import * as tf from '@tensorflow/tfjs';
import {
  assertArraysClose,
  type Evaluate,
  type NdArray,
  type NdArrays,
  randomArray,
} from '../../support/tensorflow.js';
import { TOLERANCE } from '../../support/tolerances.js';

export interface KernelCase {
  readonly inputs: NdArrays;
  /** The inputs that get a gradient. */
  readonly differentiable: readonly string[];
  readonly kernel: (inputs: Readonly<Record<string, tf.Tensor>>) => tf.Tensor;
  /** The same in float64. */
  readonly reference: (inputs: NdArrays) => NdArray;
}

/** Asserts that a kernel's value is its reference's, and its gradients those of finite differences of the reference. */
export async function checkKernel(
  evaluate: Evaluate,
  { inputs, ...test }: KernelCase,
): Promise<void> {
  const expected = test.reference(inputs);
  const dy = randomArray(expected.shape, 77);
  const outputs = await evaluate({ ...inputs, dy }, ({ dy: upstream, ...tensors }) => {
    const names = test.differentiable;
    const gradientsOf = tf.grads((...parts) =>
      test.kernel({ ...tensors, ...Object.fromEntries(names.map((name, i) => [name, parts[i]!])) }),
    );
    const gradients = gradientsOf(
      names.map((name) => tensors[name]!),
      upstream,
    );
    return {
      value: test.kernel(tensors),
      ...Object.fromEntries(names.map((name, i) => [`gradient/${name}`, gradients[i]!])),
    };
  });
  assertArraysClose(outputs['value']!, expected, TOLERANCE.float32Kernel, 'value');
  for (const name of test.differentiable) {
    const differences = finiteDifferences(test.reference, inputs, name, dy);
    const what = `gradient/${name}`;
    assertArraysClose(outputs[what]!, differences, TOLERANCE.float32Kernel, what);
  }
}

/** Central differences of `Σ dy·reference(inputs)` with respect to one input. */
function finiteDifferences(
  reference: KernelCase['reference'],
  inputs: NdArrays,
  name: string,
  dy: NdArray,
): NdArray {
  const step = 1e-5; // In float64: an error of 1e-10 by the curve, 1e-11 by rounding.
  const input = inputs[name]!;
  const shifted = (i: number, by: number): number => {
    const values = input.values.slice();
    values[i]! += by;
    const result = reference({ ...inputs, [name]: { ...input, values } });
    return result.values.reduce((sum, value, k) => sum + value * dy.values[k]!, 0);
  };
  const values = input.values.map((_, i) => (shifted(i, step) - shifted(i, -step)) / (2 * step));
  return { ...input, values };
}
