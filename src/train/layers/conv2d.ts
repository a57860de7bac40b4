import type * as tf from '@tensorflow/tfjs';
import { addBias } from '../kernels/bias.js';
import { conv2d as convolve } from '../kernels/conv2d.js';
import { conv2dTranspose as convolveTransposed } from '../kernels/conv2d-transpose.js';
import type { Pair } from '../kernels/raw.js';
import type { Layer, ModelBuilder } from '../models/model.js';

export interface Conv2dConfig {
  readonly in: number;
  readonly out: number;
  readonly kernel: number | Pair;
  /** @defaultValue 1 */
  readonly stride?: number;
  /** @defaultValue 0 */
  readonly padding?: number | Pair;
  /** @defaultValue 1 */
  readonly dilation?: number;
  /** Adds a learned number to each output channel. @defaultValue false */
  readonly bias?: boolean;
}

/** A convolution. */
export function conv2d(builder: ModelBuilder, name: string, config: Conv2dConfig): Layer {
  const { in: channelsIn, out, stride = 1, padding = 0, dilation = 1 } = config;
  const [kh, kw] = toPair(config.kernel);
  const initializer = { kind: 'uniform', fanIn: channelsIn * kh * kw } as const;
  const filter = builder.parameter(`${name}.weight`, [kh, kw, channelsIn, out], initializer);
  const bias = config.bias ? builder.parameter(`${name}.bias`, [out], initializer) : undefined;
  const options = {
    strides: toPair(stride),
    padding: toPair(padding),
    dilations: toPair(dilation),
  };
  return (x, pass) => {
    const convolved = convolve(x, pass.parameter(filter) as tf.Tensor4D, options);
    return bias === undefined ? convolved : addBias(convolved, pass.parameter(bias));
  };
}

export interface Conv2dTransposeConfig {
  readonly in: number;
  readonly out: number;
  readonly kernel: number;
  /** @defaultValue 0 */
  readonly padding?: number;
}

/** A transposed convolution without bias that doubles height and width. */
export function conv2dTranspose(
  builder: ModelBuilder,
  name: string,
  { in: channelsIn, out, kernel, padding = 0 }: Conv2dTransposeConfig,
): Layer {
  // PyTorch takes the fan-in of a transposed convolution from its output channels (the weight's second axis).
  const filter = builder.parameter(`${name}.weight`, [kernel, kernel, out, channelsIn], {
    kind: 'uniform',
    fanIn: out * kernel * kernel,
  });
  return (x, pass) =>
    convolveTransposed(x, pass.parameter(filter) as tf.Tensor4D, {
      stride: 2,
      padding,
      outputSize: [2 * x.shape[1], 2 * x.shape[2]],
    });
}

function toPair(value: number | Pair): Pair {
  return typeof value === 'number' ? [value, value] : value;
}
