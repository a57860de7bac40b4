import type * as tf from '@tensorflow/tfjs';
import { addBias } from '../../../src/train/kernels/bias.js';
import { describeOnEveryBackend, randomArray } from '../../support/tensorflow.js';
import { checkKernel } from './check-kernel.js';

describeOnEveryBackend('addBias', (evaluate) => {
  it('computes value and gradients', async () => {
    await checkKernel(evaluate, {
      inputs: { x: randomArray([2, 3, 4, 5], 5), bias: randomArray([5], 6) },
      differentiable: ['x', 'bias'],
      kernel: ({ x, bias }) => addBias(x as tf.Tensor4D, bias!),
      reference: ({ x, bias }) => ({
        ...x!,
        values: x!.values.map((value, i) => value + bias!.values[i % 5]!),
      }),
    });
  });
});
