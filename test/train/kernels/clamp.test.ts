import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import { clampToUnit } from '../../../src/train/kernels/clamp.js';
import { describeOnEveryBackend, ndArray, randomArray } from '../../support/tensorflow.js';
import { checkKernel } from './check-kernel.js';

describeOnEveryBackend('clampToUnit', (evaluate) => {
  const clamp = (values: Float64Array): Float64Array =>
    values.map((value) => Math.min(Math.max(value, 0), 1));

  it('computes value and gradient', async () => {
    await checkKernel(evaluate, {
      inputs: { x: randomArray([2, 3, 4, 3], 5, -1, 2) },
      differentiable: ['x'],
      kernel: ({ x }) => clampToUnit(x as tf.Tensor4D),
      reference: ({ x }) => ({ ...x!, values: clamp(x!.values) }),
    });
  });

  it('lets the gradient pass at the two ends, as PyTorch does', async () => {
    const x = ndArray([1, 1, 4, 1], [-0.5, 0, 1, 1.5]);
    const { dx } = await evaluate({ x }, (inputs) => ({
      dx: tf.grad((input) => clampToUnit(input as tf.Tensor4D))(inputs['x']!),
    }));
    assert.deepEqual([...dx!.values], [0, 1, 1, 0]);
  });
});
