import assert from 'node:assert/strict';
import type * as tf from '@tensorflow/tfjs';
import { conv2dTranspose } from '../../../src/train/kernels/conv2d-transpose.js';
import { conv2d } from '../../../src/train/kernels/conv2d.js';
import { describeOnEveryBackend, ndArray, randomArray } from '../../support/tensorflow.js';
import { checkKernel } from './check-kernel.js';
import * as reference from './reference.js';

describeOnEveryBackend('conv2d', (evaluate) => {
  it('computes a 2×2 case as by hand', async () => {
    const { y } = await evaluate(
      {
        x: ndArray([1, 2, 2, 1], [1, 2, 3, 4]),
        filter: ndArray([2, 2, 1, 1], [10, 20, 30, 40]),
      },
      ({ x, filter }) => ({
        y: conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, {
          strides: [1, 1],
          padding: [0, 0],
          dilations: [1, 1],
        }),
      }),
    );
    assert.deepEqual([...y!.values], [1 * 10 + 2 * 20 + 3 * 30 + 4 * 40]);
  });

  const cases = [
    { name: '1×1', x: [2, 3, 5, 4], filter: [1, 1, 4, 3] },
    { name: '3×3 that keeps the size', x: [2, 5, 7, 2], filter: [3, 3, 2, 3], padding: [1, 1] },
    { name: '3×3 without padding', x: [1, 5, 4, 2], filter: [3, 3, 2, 2] },
    {
      name: '3×3 with stride 2 and padding 1, odd size',
      x: [2, 7, 5, 3],
      filter: [3, 3, 3, 2],
      strides: [2, 2],
      padding: [1, 1],
    },
    {
      name: '3×3 with stride 2 and padding 1, even size',
      x: [1, 6, 8, 3],
      filter: [3, 3, 3, 2],
      strides: [2, 2],
      padding: [1, 1],
    },
    { name: '2×2 with stride 2', x: [2, 4, 6, 3], filter: [2, 2, 3, 2], strides: [2, 2] },
    { name: '5×1', x: [1, 6, 5, 2], filter: [5, 1, 2, 2], padding: [2, 0] },
    { name: '1×5', x: [1, 5, 6, 2], filter: [1, 5, 2, 2], padding: [0, 2] },
    {
      name: 'dilation 2 that keeps the size',
      x: [2, 5, 7, 2],
      filter: [3, 3, 2, 2],
      padding: [2, 2],
      dilations: [2, 2],
    },
    {
      name: 'dilation 4 wider than the picture',
      x: [1, 3, 6, 2],
      filter: [3, 3, 2, 2],
      padding: [4, 4],
      dilations: [4, 4],
    },
    {
      name: 'dilation 3 without padding',
      x: [1, 8, 9, 1],
      filter: [3, 3, 1, 2],
      dilations: [3, 3],
    },
    {
      name: 'unequal dilations',
      x: [1, 7, 6, 1],
      filter: [3, 3, 1, 2],
      padding: [2, 1],
      dilations: [2, 1],
    },
  ] as const;
  for (const { name, x, filter, ...rest } of cases) {
    it(`computes value and gradients: ${name}`, async () => {
      const options = {
        strides: [1, 1],
        padding: [0, 0],
        dilations: [1, 1],
        ...rest,
      } satisfies reference.Windowing as reference.Windowing;
      await checkKernel(evaluate, {
        inputs: { x: randomArray(x, 1), filter: randomArray(filter, 2) },
        differentiable: ['x', 'filter'],
        kernel: (inputs) =>
          conv2d(inputs['x'] as tf.Tensor4D, inputs['filter'] as tf.Tensor4D, options),
        reference: (inputs) => reference.conv2d(inputs['x']!, inputs['filter']!, options),
      });
    });
  }
});

describeOnEveryBackend('conv2dTranspose', (evaluate) => {
  it('computes a 2×2 case as by hand', async () => {
    const { y } = await evaluate(
      {
        x: ndArray([1, 1, 2, 1], [1, 2]),
        filter: ndArray([2, 2, 1, 1], [10, 20, 30, 40]),
      },
      ({ x, filter }) => ({
        y: conv2dTranspose(x as tf.Tensor4D, filter as tf.Tensor4D, {
          stride: 2,
          padding: 0,
          outputSize: [2, 4],
        }),
      }),
    );
    // Each input writes its own 2×2 block.
    assert.deepEqual([...y!.values], [10, 20, 2 * 10, 2 * 20, 30, 40, 2 * 30, 2 * 40]);
  });

  const cases = [
    { name: '2×2 doubling the size', kernel: 2, padding: 0, x: [2, 3, 5, 3], outputSize: [6, 10] },
    { name: '3×3 doubling the size', kernel: 3, padding: 1, x: [2, 3, 4, 3], outputSize: [6, 8] },
    { name: '3×3 to an odd size', kernel: 3, padding: 1, x: [1, 3, 4, 2], outputSize: [5, 7] },
  ] as const;
  for (const { name, kernel, x, ...rest } of cases) {
    it(`computes value and gradients: ${name}`, async () => {
      const options = { ...rest, stride: 2 };
      await checkKernel(evaluate, {
        inputs: { x: randomArray(x, 3), filter: randomArray([kernel, kernel, 2, x[3]], 4) },
        differentiable: ['x', 'filter'],
        kernel: (inputs) =>
          conv2dTranspose(inputs['x'] as tf.Tensor4D, inputs['filter'] as tf.Tensor4D, options),
        reference: (inputs) => reference.conv2dTranspose(inputs['x']!, inputs['filter']!, options),
      });
    });
  }
});
