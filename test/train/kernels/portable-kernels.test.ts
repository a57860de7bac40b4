import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import { filterGradient } from '../../../src/train/kernels/portable-filter-gradient.js';
import { assertAllClose } from '../../support/all-close.js';
import { randomArray, tidily, toTensor, useWebAssembly } from '../../support/tensorflow.js';
import { onBackend } from '../../support/on-backend.js';

/** Value and gradient of a function on the backend in use. */
function valueAndGradient(
  compute: (x: tf.Tensor) => tf.Tensor,
  x: readonly number[],
  shape: number[],
): { value: number[]; gradient: number[] } {
  return tidily(() => {
    const weigh = (y: tf.Tensor): tf.Tensor =>
      tf.mul(y, tf.reshape(tf.range(1, y.size + 1), y.shape));
    const input = tf.tensor([...x], shape);
    const gradient = tf.grad((tensor: tf.Tensor) => tf.sum(weigh(compute(tensor))))(input);
    return { value: [...compute(input).dataSync()], gradient: [...gradient.dataSync()] };
  });
}

describe('registerPortableFilterGradient', () => {
  useWebAssembly();

  const cases: {
    name: string;
    x: [number, number, number, number];
    filter: [number, number, number, number];
    strides: number | [number, number];
    pad: 'valid' | 'same' | number;
  }[] = [
    { name: '3×3', x: [2, 5, 6, 3], filter: [3, 3, 3, 4], strides: 1, pad: 'valid' },
    { name: '1×1', x: [2, 5, 6, 3], filter: [1, 1, 3, 4], strides: 1, pad: 'valid' },
    { name: '5×1', x: [1, 7, 4, 2], filter: [5, 1, 2, 3], strides: 1, pad: 'valid' },
    {
      name: '3×3, stride 2, rows left over',
      x: [2, 8, 7, 3],
      filter: [3, 3, 3, 4],
      strides: 2,
      pad: 'valid',
    },
    {
      name: '2×3, strides 2 and 1',
      x: [2, 6, 5, 1],
      filter: [2, 3, 1, 2],
      strides: [2, 1],
      pad: 0,
    },
    { name: '3×3, same, odd size', x: [2, 5, 7, 2], filter: [3, 3, 2, 2], strides: 2, pad: 'same' },
    { name: '3×3, padding 1', x: [1, 4, 4, 2], filter: [3, 3, 2, 2], strides: 1, pad: 1 },
  ];
  for (const { name, x, filter, strides, pad } of cases) {
    it(`computes the gradient of a filter on WebAssembly: ${name}`, async () => {
      const image = randomArray(x, 1);
      const { value, gradient } = await onBackend('cpu', () =>
        valueAndGradient(
          (weights) =>
            tf.conv2d(toTensor(image) as tf.Tensor4D, weights as tf.Tensor4D, strides, pad),
          [...randomArray(filter, 2).values],
          filter,
        ),
      );
      const found = tidily(() => {
        const [, height, width] = tf.backend_util.computeConv2DInfo(
          x,
          filter,
          strides,
          1,
          pad,
        ).outShape;
        const dy = tf.reshape<tf.Rank.R4>(tf.range(1, value.length + 1), [
          x[0],
          height,
          width,
          filter[3],
        ]);
        const attributes = { strides, pad, filterShape: filter, dataFormat: 'NHWC' };
        return filterGradient(toTensor(image) as tf.Tensor4D, dy, attributes).dataSync();
      });
      // Sums of products of numbers up to some hundred.
      assertAllClose(found, gradient, { rtol: 1e-5, atol: 1e-3 });
    });
  }

  it('lets convolutions be trained on WebAssembly', () => {
    const image = randomArray([2, 6, 5, 3], 1);
    const convolve = (weights: tf.Tensor): tf.Tensor =>
      tf.conv2d(toTensor(image) as tf.Tensor4D, weights as tf.Tensor4D, 1, 'valid');
    const weights = [...randomArray([1, 1, 3, 1], 2).values];
    const { gradient } = valueAndGradient(convolve, weights, [1, 1, 3, 1]);
    // Of a 1×1 filter: each channel's pixels, weighed by the gradients 1, 2, 3 … that arrive.
    const expected = [0, 1, 2].map((c) =>
      Array.from({ length: 60 }, (_, i) => (i + 1) * image.values[3 * i + c]!).reduce(
        (a, b) => a + b,
      ),
    );
    assertAllClose(gradient, expected, { rtol: 1e-5, atol: 1e-3 });
  });
});

describe('registerPortableMaxPool', () => {
  useWebAssembly();
  // Two windows: all negative, and two equal maxima.
  const shape: [number, number, number, number] = [1, 2, 4, 1];
  const values = [-4, -3, 5, 1, -2, -6, 0, 5];

  it('takes the largest of negative numbers, and the first of equal ones', () => {
    const { value, indices } = tidily(() => {
      const x = tf.tensor4d(values, shape);
      const pooled = tf.maxPoolWithArgmax(x, 2, 2, 'valid', true);
      return { value: [...pooled.result!.dataSync()], indices: [...pooled.indexes!.dataSync()] };
    });
    assert.deepEqual(value, [-2, 5]);
    assert.deepEqual(indices, [4, 2]);
  });

  it('counts the batch in the index where it is asked to', () => {
    const indicesOf = (includeBatch: boolean): number[] =>
      tidily(() => {
        const x = tf.concat([tf.tensor4d(values, shape), tf.tensor4d(values, shape)]);
        return [...tf.maxPoolWithArgmax(x, 2, 2, 'valid', includeBatch).indexes!.dataSync()];
      });
    assert.deepEqual(indicesOf(true), [4, 2, 12, 10]);
    assert.deepEqual(indicesOf(false), [4, 2, 4, 2]);
  });

  it('sends the gradient to the largest, the first of equal ones', () => {
    const pool = (x: tf.Tensor): tf.Tensor => tf.maxPool(x as tf.Tensor4D, 2, 2, 'valid');
    // The gradients that arrive are 1 and 2.
    const { gradient } = valueAndGradient(pool, values, shape);
    assert.deepEqual(gradient, [0, 0, 2, 0, 1, 0, 0, 0]);
  });

  it('adds what windows that overlap send to one place', async () => {
    const pool = (x: tf.Tensor): tf.Tensor => tf.maxPool(x as tf.Tensor4D, 3, 2, 'valid');
    const size = [2, 7, 9, 3];
    const compute = () => valueAndGradient(pool, [...randomArray(size, 5).values], size);
    assert.deepEqual(compute(), await onBackend('cpu', compute));
  });
});
