import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import { isSegprobeError } from '../../../src/shared/errors.js';
import { maxPool, maxPoolWithIndices } from '../../../src/train/kernels/max-pool.js';
import { maxUnpool } from '../../../src/train/kernels/max-unpool.js';
import {
  assertArraysClose,
  describeOnEveryBackend,
  ndArray,
  randomArray,
} from '../../support/tensorflow.js';
import { TOLERANCE } from '../../support/tolerances.js';
import { checkKernel } from './check-kernel.js';
import * as reference from './reference.js';

describeOnEveryBackend('maxPool', (evaluate) => {
  const cases = [
    { name: '3×3, stride 2, padding 1, odd size', x: [2, 7, 5, 3], kernel: 3, padding: 1 },
    { name: '3×3, stride 2, padding 1, even size', x: [1, 6, 8, 2], kernel: 3, padding: 1 },
    { name: '2×2, stride 2', x: [2, 4, 6, 2], kernel: 2, padding: 0 },
  ] as const;
  for (const { name, x, ...rest } of cases) {
    it(`computes value and gradient: ${name}`, async () => {
      const options = { ...rest, stride: 2 };
      await checkKernel(evaluate, {
        inputs: { x: randomArray(x, 5) },
        differentiable: ['x'],
        kernel: (inputs) => maxPool(inputs['x'] as tf.Tensor4D, options),
        reference: (inputs) => reference.maxPool(inputs['x']!, options),
      });
    });
  }

  it('takes padding for less than any number', async () => {
    const options = { kernel: 3, stride: 2, padding: 1 };
    const x = ndArray([1, 2, 2, 1], [-5, -6, -7, -8]);
    const { y } = await evaluate({ x }, (inputs) => ({
      y: maxPool(inputs['x'] as tf.Tensor4D, options),
    }));
    assert.deepEqual([...y!.values], [-5]);
  });

  it('gives the gradient of a tie to the first of the window', async () => {
    const x = ndArray([1, 2, 4, 1], [1, 7, 4, 4, 7, 7, 4, 4]);
    const dy = ndArray([1, 1, 2, 1], [10, 20]);
    const { dx } = await evaluate({ x, dy }, (inputs) => ({
      dx: tf.grad((input) => maxPool(input as tf.Tensor4D, { kernel: 2, stride: 2, padding: 0 }))(
        inputs['x']!,
        inputs['dy'],
      ),
    }));
    assert.deepEqual([...dx!.values], [0, 10, 20, 0, 0, 0, 0, 0]);
  });
});

describeOnEveryBackend('maxPoolWithIndices', (evaluate) => {
  it('says where each maximum was: ((n·H + y)·W + x)·C + c', async () => {
    const x = randomArray([3, 6, 4, 5], 6);
    const { value, indices } = await evaluate({ x }, (inputs) => ({
      ...maxPoolWithIndices(inputs['x'] as tf.Tensor4D),
    }));
    const options = { kernel: 2, stride: 2, padding: 0 };
    assertArraysClose(value!, reference.maxPool(x, options), TOLERANCE.exact, 'value');
    assertArraysClose(indices!, reference.maxPoolIndices(x), TOLERANCE.exact, 'indices');
  });

  it('takes the first of equal ones', async () => {
    // Two pictures of 2×4 with 1 channel: the first maximum lies at (0,1), (0,2); (1,0), (0,2).
    const x = ndArray([2, 2, 4, 1], [1, 7, 4, 4, 7, 7, 4, 4, 0, 0, 9, 9, 3, 3, 9, 9]);
    const { indices } = await evaluate({ x }, (inputs) => ({
      indices: maxPoolWithIndices(inputs['x'] as tf.Tensor4D).indices,
    }));
    assert.deepEqual([...indices!.values], [1, 2, 8 + 4, 8 + 2]);
  });

  it('sends the gradient where the maximum was', async () => {
    await checkKernel(evaluate, {
      inputs: { x: randomArray([2, 4, 6, 3], 7) },
      differentiable: ['x'],
      kernel: (inputs) => maxPoolWithIndices(inputs['x'] as tf.Tensor4D).value,
      reference: ({ x }) => reference.maxPool(x!, { kernel: 2, stride: 2, padding: 0 }),
    });
  });
});

describeOnEveryBackend('maxUnpool', (evaluate) => {
  it('writes each value back to the place it was taken from', async () => {
    const { y } = await evaluate(
      {
        x: ndArray([1, 1, 2, 1], [5, 6]),
        indices: ndArray([1, 1, 2, 1], [4, 3], 'int32'),
      },
      ({ x, indices }) => ({ y: maxUnpool(x as tf.Tensor4D, indices as tf.Tensor4D) }),
    );
    assert.deepEqual(y!.shape, [1, 2, 4, 1]);
    assert.deepEqual([...y!.values], [0, 0, 0, 6, 5, 0, 0, 0]);
  });

  it('computes value and gradient, N > 1 and not square', async () => {
    const indices = reference.maxPoolIndices(randomArray([2, 6, 4, 3], 8));
    await checkKernel(evaluate, {
      inputs: { x: randomArray([2, 3, 2, 3], 9), indices },
      differentiable: ['x'],
      kernel: (inputs) => maxUnpool(inputs['x'] as tf.Tensor4D, inputs['indices'] as tf.Tensor4D),
      reference: (inputs) => reference.maxUnpool(inputs['x']!, inputs['indices']!),
    });
  });

  it('undoes pooling: pooled again, the values are the same', async () => {
    const x = randomArray([2, 4, 6, 3], 10, 0.1, 1);
    const { pooled, again } = await evaluate({ x }, (inputs) => {
      const { value, indices } = maxPoolWithIndices(inputs['x'] as tf.Tensor4D);
      return { pooled: value, again: maxPoolWithIndices(maxUnpool(value, indices)).value };
    });
    assertArraysClose(again!, pooled!, TOLERANCE.exact);
  });

  it('refuses indices of another shape', async () => {
    const inputs = {
      x: randomArray([1, 2, 2, 1], 11),
      indices: ndArray([1, 2, 1, 1], [0, 5], 'int32'),
    };
    await assert.rejects(
      async () =>
        evaluate(inputs, ({ x, indices }) => ({
          y: maxUnpool(x as tf.Tensor4D, indices as tf.Tensor4D),
        })),
      (error) => isSegprobeError(error, 'SHAPE_MISMATCH'),
    );
  });
});
