import * as tf from '@tensorflow/tfjs';
import { executeRawOp, isNativeBackend } from '../../graph/node-backend.js';
import {
  convolutionAttributes,
  convolutionFilterGradient,
  convolutionInputGradient,
} from './conv2d.js';
import type { Pair } from './raw.js';
import { withGradient } from './with-gradient.js';

export interface Conv2dTransposeOptions {
  readonly stride: number;
  /** Rows and columns cut off at both sides of the full result, as PyTorch counts them. */
  readonly padding: number;
  /** Height and width of the result. */
  readonly outputSize: Pair;
}

/**
 * Transposed convolution as PyTorch's `conv_transpose2d`: the gradient of a convolution with respect to its input.
 *
 * @param x - float32 `[N, H, W, C]`.
 * @param filter - float32 `[kh, kw, K, C]`: TensorFlow's order, output channels before input channels.
 * @returns float32 `[N, H', W', K]` with `[H', W'] = outputSize`. The caller disposes it.
 */
export function conv2dTranspose(
  x: tf.Tensor4D,
  filter: tf.Tensor4D,
  options: Conv2dTransposeOptions,
): tf.Tensor4D {
  return isNativeBackend()
    ? nativeConv2dTranspose(x, filter, options)
    : portableConv2dTranspose(x, filter, options);
}

function nativeConv2dTranspose(
  x: tf.Tensor4D,
  filter: tf.Tensor4D,
  { stride, padding, outputSize }: Conv2dTransposeOptions,
): tf.Tensor4D {
  const attributes = convolutionAttributes({
    kernel: [filter.shape[0], filter.shape[1]],
    strides: [stride, stride],
    padding: [padding, padding],
    dilations: [1, 1],
  });
  const outputShape = [x.shape[0], ...outputSize, filter.shape[2]];
  return withGradient([x, filter], (save) => {
    save([x, filter]);
    return {
      value: convolutionInputGradient(outputShape, filter, x, attributes),
      gradient: (dy, [input, weights]) => [
        executeRawOp('Conv2D', attributes, [dy, weights!])[0]!,
        convolutionFilterGradient(dy, weights!.shape, input!, attributes),
      ],
    };
  }) as tf.Tensor4D;
}

/** The full transposed convolution, which pads nothing, and the wanted part cut out of it. */
function portableConv2dTranspose(
  x: tf.Tensor4D,
  filter: tf.Tensor4D,
  { stride, padding, outputSize }: Conv2dTransposeOptions,
): tf.Tensor4D {
  const [batch, height, width] = x.shape;
  const [kernelHeight, kernelWidth, channels] = filter.shape;
  // tfjs wants a result that a 'valid' convolution maps back onto x; rows beyond the full result are zeros.
  const full: [number, number, number, number] = [
    batch,
    Math.max((height - 1) * stride + kernelHeight, outputSize[0] + padding),
    Math.max((width - 1) * stride + kernelWidth, outputSize[1] + padding),
    channels,
  ];
  const result = tf.conv2dTranspose(x, filter, full, stride, 'valid');
  return tf.slice(result, [0, padding, padding, 0], [batch, ...outputSize, channels]);
}
