import * as tf from '@tensorflow/tfjs';
import type { Attributes } from '../../graph/graph.js';
import { executeRawOp, isNativeBackend } from '../../graph/node-backend.js';
import { bool, ints, type Pair, type Window, windowAttributes } from './raw.js';
import { withGradient } from './with-gradient.js';

export type Conv2dOptions = Omit<Window, 'kernel'>;

/**
 * Two-dimensional convolution as PyTorch's `conv2d` computes it, with exact gradients for dilated filters too (tfjs has none,
 * tensorflow/tfjs#7906).
 *
 * @param x - float32 `[N, H, W, C]`.
 * @param filter - float32 `[kh, kw, C, K]`.
 * @returns float32 `[N, H', W', K]` with `H' = floor((H + 2·padding − dilation·(kh − 1) − 1) / stride) + 1`. The caller disposes it.
 */
export function conv2d(x: tf.Tensor4D, filter: tf.Tensor4D, options: Conv2dOptions): tf.Tensor4D {
  return isNativeBackend() ? nativeConv2d(x, filter, options) : portableConv2d(x, filter, options);
}

function nativeConv2d(x: tf.Tensor4D, filter: tf.Tensor4D, options: Conv2dOptions): tf.Tensor4D {
  const attributes = convolutionAttributes({
    ...options,
    kernel: [filter.shape[0], filter.shape[1]],
  });
  return withGradient([x, filter], (save) => {
    save([x, filter]);
    return {
      value: executeRawOp('Conv2D', attributes, [x, filter])[0]!,
      gradient: (dy, [input, weights]) => [
        convolutionInputGradient(input!.shape, weights!, dy, attributes),
        convolutionFilterGradient(input!, weights!.shape, dy, attributes),
      ],
    };
  }) as tf.Tensor4D;
}

/** The attributes that Conv2D and its two gradients share. */
export function convolutionAttributes(window: Window): Attributes {
  return {
    ...windowAttributes(window),
    dilations: ints([1, ...window.dilations, 1]),
    use_cudnn_on_gpu: bool(true),
  };
}

/** What `dy` says of the input: also the transposed convolution itself. */
export function convolutionInputGradient(
  inputShape: readonly number[],
  filter: tf.Tensor,
  dy: tf.Tensor,
  attributes: Attributes,
): tf.Tensor {
  const shape = tf.tensor1d([...inputShape], 'int32');
  return executeRawOp('Conv2DBackpropInput', attributes, [shape, filter, dy])[0]!;
}

export function convolutionFilterGradient(
  input: tf.Tensor,
  filterShape: readonly number[],
  dy: tf.Tensor,
  attributes: Attributes,
): tf.Tensor {
  const shape = tf.tensor1d([...filterShape], 'int32');
  return executeRawOp('Conv2DBackpropFilter', attributes, [input, shape, dy])[0]!;
}

/** The same from operators that every tfjs backend has, and has gradients for: dilation as space to batch and back. */
function portableConv2d(x: tf.Tensor4D, filter: tf.Tensor4D, options: Conv2dOptions): tf.Tensor4D {
  const { strides, padding, dilations } = options;
  const [dilationY, dilationX] = dilations;
  const padded = padSpatially(x, padding);
  if (dilationY === 1 && dilationX === 1) {
    return tf.conv2d(padded, filter, [...strides], 'valid');
  }
  if (strides.some((stride) => stride !== 1)) {
    throw new Error(`expected stride 1 of a dilated convolution, got [${strides}]`);
  }
  // Each phase of the dilated grid is an ordinary convolution; the phases lie in the batch.
  const [, height, width] = padded.shape;
  const extra: Pair = [
    (dilationY - (height % dilationY)) % dilationY,
    (dilationX - (width % dilationX)) % dilationX,
  ];
  const phases = tf.spaceToBatchND(
    padded,
    [dilationY, dilationX],
    [
      [0, extra[0]],
      [0, extra[1]],
    ],
  );
  const result = tf.batchToSpaceND(
    tf.conv2d(phases, filter, [1, 1], 'valid'),
    [dilationY, dilationX],
    [
      [0, 0],
      [0, 0],
    ],
  );
  const [kernelHeight, kernelWidth, , outChannels] = filter.shape;
  const size: [number, number, number, number] = [
    x.shape[0],
    height - dilationY * (kernelHeight - 1),
    width - dilationX * (kernelWidth - 1),
    outChannels,
  ];
  return tf.slice(result, [0, 0, 0, 0], size);
}

/** Pads height and width on both sides with `value`. */
export function padSpatially(x: tf.Tensor4D, [y, xPadding]: Pair, value = 0): tf.Tensor4D {
  if (y === 0 && xPadding === 0) return x;
  return tf.pad(
    x,
    [
      [0, 0],
      [y, y],
      [xPadding, xPadding],
      [0, 0],
    ],
    value,
  );
}
