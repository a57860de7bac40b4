import * as tf from '@tensorflow/tfjs';

interface FilterGradientAttributes {
  readonly strides: [number, number] | number;
  readonly pad: 'valid' | 'same' | number;
  readonly filterShape: [number, number, number, number];
  readonly dataFormat: string;
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

/**
 * Gives a backend that lacks `Conv2DBackpropFilter` one that is made of its `Conv2D`: without it convolutions cannot be
 * trained there. tfjs's WebAssembly backend lacks it in 4.22; does nothing where a backend has its own.
 */
export function registerPortableFilterGradient(backendName: string): void {
  if (tf.getKernel('Conv2DBackpropFilter', backendName) !== undefined) return;
  tf.registerKernel({
    kernelName: 'Conv2DBackpropFilter',
    backendName,
    kernelFunc: ({ inputs, attrs }) => {
      const { x, dy } = inputs as { x: tf.Tensor4D; dy: tf.Tensor4D };
      return filterGradient(x, dy, attrs as unknown as FilterGradientAttributes);
    },
  });
}

/**
 * What `dy` says of the filter, as a convolution: the batch takes the channels' place, `dy` is the filter, and stride and
 * dilation change places.
 *
 * @param x - float32 `[N, H, W, C]`.
 * @param dy - float32 `[N, H', W', K]`.
 * @returns float32 `[kh, kw, C, K]`. The caller disposes it.
 */
export function filterGradient(
  x: tf.Tensor4D,
  dy: tf.Tensor4D,
  { strides, pad, filterShape, dataFormat, dimRoundingMode }: FilterGradientAttributes,
): tf.Tensor4D {
  if (dataFormat !== 'NHWC') throw new Error(`expected data in NHWC, got ${dataFormat}`);
  const { padInfo, strideHeight, strideWidth } = tf.backend_util.computeConv2DInfo(
    x.shape,
    filterShape,
    strides,
    1, // tfjs has no gradient of dilated convolutions.
    pad,
    dimRoundingMode,
  );
  const { top, bottom, left, right } = padInfo;
  const [kernelHeight, kernelWidth, channels, outChannels] = filterShape;
  return tf.tidy(() => {
    const padded = tf.pad(x, [
      [0, 0],
      [top, bottom],
      [left, right],
      [0, 0],
    ]);
    const images = tf.transpose(padded, [3, 1, 2, 0]); // [C,H,W,N]
    const filter = tf.transpose(dy, [1, 2, 0, 3]); // [H',W',N,K]
    const dilations: [number, number] = [strideHeight, strideWidth];
    const gradient = tf.conv2d(images, filter, 1, 'valid', 'NHWC', dilations); // [C,≥kh,≥kw,K]
    // Rows that the strides never reached lie beyond the kernel.
    const size: [number, number, number, number] = [
      channels,
      kernelHeight,
      kernelWidth,
      outChannels,
    ];
    return tf.transpose(tf.slice(gradient, [0, 0, 0, 0], size), [1, 2, 0, 3]);
  });
}
