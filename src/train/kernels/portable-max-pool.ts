import * as tf from '@tensorflow/tfjs';

interface PoolAttributes {
  readonly filterSize: [number, number] | number;
  readonly strides: [number, number] | number;
  readonly pad: 'valid' | 'same' | number;
}

/**
 * Puts max pooling with indices, and the gradient of max pooling, made of other operators in the place of a backend's own.
 * tfjs's WebAssembly backend 4.22 takes the largest of nothing for a small positive number, so that windows of negative
 * numbers come out wrong in both, and the last of equal maxima in the gradient.
 */
export function registerPortableMaxPool(backendName: string): void {
  const replace = (kernelName: string, kernelFunc: tf.KernelFunc): void => {
    if (tf.getKernel(kernelName, backendName) !== undefined) {
      tf.unregisterKernel(kernelName, backendName);
    }
    tf.registerKernel({ kernelName, backendName, kernelFunc });
  };
  replace('MaxPoolWithArgmax', ({ inputs, attrs }) => {
    const { includeBatchInIndex } = attrs as unknown as { includeBatchInIndex: boolean };
    const pooled = poolWithIndices(
      inputs['x'] as tf.Tensor4D,
      attrs as unknown as PoolAttributes,
      includeBatchInIndex,
    );
    return [pooled.value, pooled.indices];
  });
  replace('MaxPoolGrad', ({ inputs, attrs }) => {
    const { dy, input } = inputs as { dy: tf.Tensor4D; input: tf.Tensor4D };
    return tf.tidy(() => {
      const { indices } = poolWithIndices(input, attrs as unknown as PoolAttributes, true);
      const places = tf.reshape(indices, [-1, 1]);
      return tf.reshape(tf.scatterND(places, tf.reshape(dy, [-1]), [input.size]), input.shape);
    });
  });
}

/**
 * Compares the places of a window one after the other: of equal maxima the first stays.
 *
 * @param x - float32 `[N, H, W, C]`.
 * @returns the maxima, float32 `[N, H', W', C]`, and where each was: int32, `((n·H + y)·W + x)·C + c`, without `n·H` unless
 * `includeBatch`. The caller disposes both.
 */
function poolWithIndices(
  x: tf.Tensor4D,
  { filterSize, strides, pad }: PoolAttributes,
  includeBatch: boolean,
): { value: tf.Tensor; indices: tf.Tensor } {
  if (pad !== 'valid') throw new Error(`expected pooling without padding, got ${pad}`);
  const { batchSize, inHeight, inWidth, inChannels, outHeight, outWidth, ...window } =
    tf.backend_util.computePool2DInfo(x.shape, filterSize, strides, 1, pad);
  const { filterHeight, filterWidth, strideHeight, strideWidth } = window;
  return tf.tidy(() => {
    // Where each window begins, [N,H',W',C], by broadcasting.
    const along = (count: number, step: number, axis: number): tf.Tensor => {
      const shape = [1, 1, 1, 1];
      shape[axis] = count;
      return tf.reshape(tf.mul(tf.range(0, count, 1, 'int32'), tf.scalar(step, 'int32')), shape);
    };
    const begins = [
      along(batchSize, includeBatch ? inHeight * inWidth * inChannels : 0, 0),
      along(outHeight, strideHeight * inWidth * inChannels, 1),
      along(outWidth, strideWidth * inChannels, 2),
      along(inChannels, 1, 3),
    ].reduce((sum, term) => tf.add(sum, term));
    let best: { value: tf.Tensor; indices: tf.Tensor } | undefined;
    for (let i = 0; i < filterHeight; i++) {
      for (let j = 0; j < filterWidth; j++) {
        const end = [
          batchSize,
          i + (outHeight - 1) * strideHeight + 1,
          j + (outWidth - 1) * strideWidth + 1,
          inChannels,
        ];
        const value = tf.stridedSlice(x, [0, i, j, 0], end, [1, strideHeight, strideWidth, 1]);
        const offset = tf.scalar((i * inWidth + j) * inChannels, 'int32');
        const indices = tf.add(begins, offset);
        if (best === undefined) {
          best = { value, indices };
          continue;
        }
        const isLarger = tf.greater(value, best.value);
        best = {
          value: tf.maximum(value, best.value),
          indices: tf.where(isLarger, indices, best.indices),
        };
      }
    }
    return best!;
  });
}
