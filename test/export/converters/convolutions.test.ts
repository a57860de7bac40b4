import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import { randomArray, useNativeTensorFlow } from '../../support/tensorflow.js';
import { assertConverts, assertUnsupported, opTypesOf, type Piece, rawOp } from '../converted.js';

interface Window {
  readonly kernel: readonly [number, number];
  readonly strides?: readonly [number, number];
  readonly dilations?: readonly [number, number];
  /** Explicit padding is top, bottom, left, right. */
  readonly padding: 'SAME' | 'VALID' | readonly [number, number, number, number];
  readonly dataFormat?: string;
}

function attributesOf({ strides = [1, 1], dilations = [1, 1], padding, dataFormat }: Window) {
  const shared = {
    strides: [1, ...strides, 1],
    dilations: [1, ...dilations, 1],
    data_format: dataFormat ?? 'NHWC',
    use_cudnn_on_gpu: true,
  };
  if (typeof padding === 'string') return { ...shared, padding };
  return { ...shared, padding: 'EXPLICIT', explicit_paddings: [0, 0, ...padding, 0, 0] };
}

describe('convertConv2d', () => {
  useNativeTensorFlow();
  const convolution = (window: Window): Piece => ({
    state: { 'layer.weight': randomArray([...window.kernel, 3, 4], 1) },
    run: (x, state) => rawOp('Conv2D', attributesOf(window), [x, state['layer.weight']!])[0]!,
  });

  const cases: readonly (Window & { name: string })[] = [
    { name: 'one cell', kernel: [1, 1], padding: 'VALID' },
    { name: 'no padding', kernel: [2, 3], padding: 'VALID' },
    { name: 'strides that differ', kernel: [3, 2], strides: [2, 3], padding: 'VALID' },
    { name: 'the same size', kernel: [5, 3], padding: 'SAME' },
    { name: 'the same size by an even window', kernel: [2, 4], padding: 'SAME' },
    { name: 'dilation', kernel: [3, 3], dilations: [2, 3], padding: 'SAME' },
    { name: 'dilation without padding', kernel: [3, 2], dilations: [1, 4], padding: 'VALID' },
    {
      name: 'stride and padding on all sides',
      kernel: [3, 3],
      strides: [2, 2],
      padding: [1, 1, 1, 1],
    },
    { name: 'padding unlike on each side', kernel: [4, 5], padding: [0, 1, 2, 3] },
  ];
  for (const { name, ...window } of cases) {
    it(`converts ${name}`, async () => {
      const graph = await assertConverts(convolution(window), [
        [1, 8, 8, 3],
        [2, 7, 9, 3],
        [3, 10, 5, 3],
      ]);
      assert.deepEqual(opTypesOf(graph), ['Conv']);
    });
  }

  it('refuses SAME padding with a stride, which depends on the size', () => {
    assertUnsupported(
      convolution({ kernel: [3, 3], strides: [1, 2], padding: 'SAME' }),
      [1, 8, 8, 3],
      /^Conv2D \(run\/Conv2D_1\): expected SAME padding only with stride 1, .* got stride 1,2$/,
    );
  });

  it('refuses another layout', () => {
    assertUnsupported(
      convolution({ kernel: [3, 3], padding: 'VALID', dataFormat: 'NCHW' }),
      [1, 3, 8, 8],
      /^Conv2D \(run\/Conv2D_1\): expected data_format NHWC, got NCHW$/,
    );
  });

  it('refuses a computed filter', () => {
    const { state, run } = convolution({ kernel: [3, 3], padding: 'VALID' });
    const piece: Piece = {
      state: state!,
      run: (x, { 'layer.weight': filter }) => run(x, { 'layer.weight': tf.relu(filter!) }),
    };
    // Relu of a constant comes first: the only way to compute one.
    assertUnsupported(
      piece,
      [1, 8, 8, 3],
      /Relu_1\): expected input 0 to be computed, got a constant/,
    );
  });
});

describe('convertConv2dBackpropInput', () => {
  useNativeTensorFlow();
  /** From 5 channels to 2; `size` gives the height or width of the result. */
  const transposed = (window: Window, size: (length: number, axis: 0 | 1) => number): Piece => ({
    state: { 'layer.weight': randomArray([...window.kernel, 2, 5], 1) },
    run: (x, state) => {
      const [n, height, width] = x.shape;
      const shape = tf.tensor1d([n, size(height, 0), size(width, 1), 2], 'int32');
      const inputs = [shape, state['layer.weight']!, x];
      return rawOp('Conv2DBackpropInput', attributesOf(window), inputs)[0]!;
    },
  });

  const cases: readonly (Window & {
    name: string;
    size: (length: number, axis: 0 | 1) => number;
  })[] = [
    {
      name: 'kernel 2, twice the size',
      kernel: [2, 2],
      strides: [2, 2],
      padding: 'VALID',
      size: (length) => 2 * length,
    },
    {
      name: 'kernel 3 with padding, twice the size',
      kernel: [3, 3],
      strides: [2, 2],
      padding: [1, 1, 1, 1],
      size: (length) => 2 * length,
    },
    {
      name: 'kernel 3 with padding, an odd size',
      kernel: [3, 3],
      strides: [2, 2],
      padding: [1, 1, 1, 1],
      size: (length) => 2 * length - 1,
    },
    {
      name: 'padding unlike on each side',
      kernel: [4, 3],
      strides: [2, 1],
      padding: [0, 2, 1, 0],
      size: (length, axis) => (axis === 0 ? 2 * length : length + 1),
    },
    { name: 'the same size', kernel: [3, 5], padding: 'SAME', size: (length) => length },
    {
      name: 'the same size by an even window',
      kernel: [2, 4],
      padding: 'SAME',
      size: (length) => length,
    },
    {
      name: 'dilation',
      kernel: [3, 2],
      dilations: [2, 3],
      padding: 'VALID',
      size: (length, axis) => length + (axis === 0 ? 4 : 3),
    },
  ];
  for (const { name, size, ...window } of cases) {
    it(`converts ${name}`, async () => {
      const graph = await assertConverts(transposed(window, size), [
        [1, 4, 4, 5],
        [2, 3, 6, 5],
        [3, 5, 7, 5],
      ]);
      assert.deepEqual(opTypesOf(graph), ['ConvTranspose']);
    });
  }

  it('refuses a result that reaches beyond the full one', () => {
    assertUnsupported(
      transposed({ kernel: [2, 2], strides: [2, 2], padding: 'VALID' }, (length, axis) =>
        axis === 0 ? 2 * length : 2 * length + 1,
      ),
      [1, 4, 6, 5],
      /^Conv2DBackpropInput \(run\/Conv2DBackpropInput_1\): expected a result of at most 8×12, got 8×13$/,
    );
  });
});
