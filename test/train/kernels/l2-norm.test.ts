import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import { l2Norm } from '../../../src/train/kernels/l2-norm.js';
import { describeOnEveryBackend, ndArray, randomArray } from '../../support/tensorflow.js';
import { checkKernel } from './check-kernel.js';

describeOnEveryBackend('l2Norm', (evaluate) => {
  it('computes value and gradient', async () => {
    await checkKernel(evaluate, {
      inputs: { x: randomArray([2, 3, 4, 3], 5) },
      differentiable: ['x'],
      kernel: ({ x }) => l2Norm(x!),
      reference: ({ x }) => ({
        dtype: 'float32',
        shape: [],
        values: Float64Array.of(Math.hypot(...x!.values)),
      }),
    });
  });

  it('has the gradient 0 where all is 0, as PyTorch has it', async () => {
    const x = ndArray([1, 1, 2, 1], [0, 0]);
    const { value, dx } = await evaluate({ x }, (inputs) => ({
      value: l2Norm(inputs['x']!),
      dx: tf.grad((input: tf.Tensor) => l2Norm(input))(inputs['x']!),
    }));
    assert.deepEqual([[...value!.values], [...dx!.values]], [[0], [0, 0]]);
  });
});
