import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import { prelu, relu } from '../../../src/train/kernels/activations.js';
import { describeOnEveryBackend, ndArray, randomArray } from '../../support/tensorflow.js';
import { checkKernel } from './check-kernel.js';
import * as reference from './reference.js';

describeOnEveryBackend('relu', (evaluate) => {
  it('computes value and gradient', async () => {
    await checkKernel(evaluate, {
      inputs: { x: randomArray([2, 3, 5, 2], 21) },
      differentiable: ['x'],
      kernel: ({ x }) => relu(x as tf.Tensor4D),
      reference: ({ x }) => reference.prelu(x!, 0),
    });
  });

  it('has no gradient at 0', async () => {
    const x = ndArray([1, 1, 3, 1], [-1, 0, 1]);
    const dy = ndArray([1, 1, 3, 1], [5, 5, 5]);
    const { dx } = await evaluate({ x, dy }, (inputs) => ({
      dx: tf.grad((input) => relu(input as tf.Tensor4D))(inputs['x']!, inputs['dy']),
    }));
    assert.deepEqual([...dx!.values], [0, 0, 5]);
  });
});

describeOnEveryBackend('prelu', (evaluate) => {
  it('is x above 0 and slope·x below', async () => {
    const inputs = { x: ndArray([1, 1, 3, 1], [-8, 0, 3]), slope: ndArray([1], [0.25]) };
    const { y } = await evaluate(inputs, ({ x, slope }) => ({
      y: prelu(x as tf.Tensor4D, slope!),
    }));
    assert.deepEqual([...y!.values], [0.25 * -8, 0, 3]);
  });

  it('computes value and gradients, of the slope too', async () => {
    await checkKernel(evaluate, {
      inputs: { x: randomArray([2, 3, 5, 2], 22), slope: ndArray([1], [0.3]) },
      differentiable: ['x', 'slope'],
      kernel: ({ x, slope }) => prelu(x as tf.Tensor4D, slope!),
      reference: ({ x, slope }) => reference.prelu(x!, slope!.values[0]!),
    });
  });

  it('takes the slope for the gradient at 0, as PyTorch does', async () => {
    const inputs = { x: ndArray([1, 1, 1, 1], [0]), slope: ndArray([1], [0.25]) };
    const { dx } = await evaluate(inputs, ({ x, slope }) => ({
      dx: tf.grad((input) => prelu(input as tf.Tensor4D, slope!))(x!),
    }));
    assert.deepEqual([...dx!.values], [0.25]);
  });
});
