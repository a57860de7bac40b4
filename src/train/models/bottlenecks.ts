import * as tf from '@tensorflow/tfjs';
import { maxPool, type PooledWithIndices } from '../kernels/max-pool.js';
import { maxUnpool } from '../kernels/max-unpool.js';
import { batchNorm } from '../layers/batch-norm.js';
import { conv2d, type Conv2dConfig, conv2dTranspose } from '../layers/conv2d.js';
import { dropout } from '../layers/dropout.js';
import { sequential } from '../layers/sequential.js';
import type { Layer, ModelBuilder, Pass } from './model.js';

/** Inside a bottleneck's extension branch there are a quarter of its channels. */
export const INTERNAL_RATIO = 4;

/** Makes the activations of one block, each of the name that it is given: on their own, or all with one slope. */
export type Activations = (name: string) => Layer;

export interface BlockConfig {
  readonly name: string;
  readonly activations: Activations;
  /** What the activation after the sum of the branches is called. */
  readonly outActivation: string;
  /** Probability of spatial dropout at the end of the extension branch. */
  readonly dropout: number;
}

/** Where the maxima of a downsampling bottleneck's pooling lay, for the upsampling bottleneck that mirrors it. */
export type PoolIndices = tf.Tensor4D;

/** Convolution, batch normalisation and activation, numbered 0, 1, 2 as in PyTorch's Sequential. */
export function convUnit(
  builder: ModelBuilder,
  name: string,
  config: Conv2dConfig,
  activations: Activations | 'none',
  first = 0,
): Layer {
  const layers = [
    conv2d(builder, `${name}.${first}`, config),
    batchNorm(builder, `${name}.${first + 1}`, config.out),
  ];
  if (activations !== 'none') layers.push(activations(`${name}.${first + 2}`));
  return sequential(...layers);
}

/** The first block: a strided convolution beside a strided max pooling, their channels joined. Halves height and width. */
export function initialBlock(
  builder: ModelBuilder,
  config: Omit<ResamplingConfig, 'dropout'>,
): Layer {
  const { name, in: channelsIn, out, activations, outActivation } = config;
  const mainBranch = conv2d(builder, `${name}.main_branch`, {
    in: channelsIn,
    out: out - channelsIn,
    kernel: 3,
    stride: 2,
    padding: 1,
  });
  const normalize = batchNorm(builder, `${name}.batch_norm`, out);
  const activate = activations(`${name}.${outActivation}`);
  return (x, pass) => {
    const extensionBranch = maxPool(x, { kernel: 3, stride: 2, padding: 1 });
    const joined = tf.concat([mainBranch(x, pass), extensionBranch], 3); // [N,H/2,W/2,16]
    return activate(normalize(joined, pass), pass);
  };
}

export interface RegularConfig extends BlockConfig {
  readonly channels: number;
  readonly convolution:
    | { readonly kind: 'regular' }
    | { readonly kind: 'dilated'; readonly dilation: number }
    | { readonly kind: 'asymmetric'; readonly kernel: number };
}

/** A residual block: 1×1 down to a quarter of the channels, a 3×3 (dilated, or 5×1 and 1×5), 1×1 up again. */
export function regularBottleneck(builder: ModelBuilder, config: RegularConfig): Layer {
  const { name, channels, convolution, activations, outActivation } = config;
  const internal = channels / INTERNAL_RATIO;
  const extension = [
    convUnit(builder, `${name}.ext_conv1`, { in: channels, out: internal, kernel: 1 }, activations),
    middleConvolution(builder, `${name}.ext_conv2`, internal, convolution, activations),
    convUnit(builder, `${name}.ext_conv3`, { in: internal, out: channels, kernel: 1 }, activations),
    dropout(config.dropout),
  ];
  const extensionBranch = sequential(...extension);
  const activate = activations(`${name}.${outActivation}`);
  return (x, pass) => activate(tf.add(x, extensionBranch(x, pass)), pass);
}

function middleConvolution(
  builder: ModelBuilder,
  name: string,
  channels: number,
  convolution: RegularConfig['convolution'],
  activations: Activations,
): Layer {
  const io = { in: channels, out: channels };
  if (convolution.kind === 'asymmetric') {
    const { kernel } = convolution;
    const padding = (kernel - 1) / 2;
    return sequential(
      convUnit(builder, name, { ...io, kernel: [kernel, 1], padding: [padding, 0] }, activations),
      convUnit(
        builder,
        name,
        { ...io, kernel: [1, kernel], padding: [0, padding] },
        activations,
        3,
      ),
    );
  }
  const dilation = convolution.kind === 'dilated' ? convolution.dilation : 1;
  return convUnit(builder, name, { ...io, kernel: 3, padding: dilation, dilation }, activations);
}

export interface ResamplingConfig extends BlockConfig {
  readonly in: number;
  readonly out: number;
}

/** Halves height and width; the main branch pools and remembers where, its missing channels are zeros. */
export function downsamplingBottleneck(
  builder: ModelBuilder,
  config: ResamplingConfig & { readonly pool: (x: tf.Tensor4D) => PooledWithIndices },
): (x: tf.Tensor4D, pass: Pass) => { value: tf.Tensor4D; indices: PoolIndices } {
  const { name, in: channelsIn, out, activations, outActivation } = config;
  const internal = channelsIn / INTERNAL_RATIO;
  const strided = { in: channelsIn, out: internal, kernel: 2, stride: 2 };
  const extensionBranch = sequential(
    convUnit(builder, `${name}.ext_conv1`, strided, activations),
    middleConvolution(builder, `${name}.ext_conv2`, internal, { kind: 'regular' }, activations),
    convUnit(builder, `${name}.ext_conv3`, { in: internal, out, kernel: 1 }, activations),
    dropout(config.dropout),
  );
  const activate = activations(`${name}.${outActivation}`);
  return (x, pass) => {
    const { value: pooled, indices } = config.pool(x);
    const extension = extensionBranch(x, pass);
    const mainBranch = padChannels(pooled, out - channelsIn);
    return { value: activate(tf.add(mainBranch, extension), pass), indices };
  };
}

/** A piece of a network that unpools to where `indices` say. */
export type UpsamplingLayer = (x: tf.Tensor4D, indices: PoolIndices, pass: Pass) => tf.Tensor4D;

/** Doubles height and width; the main branch unpools to where the mirrored downsampling pooled from. */
export function upsamplingBottleneck(
  builder: ModelBuilder,
  config: ResamplingConfig,
): UpsamplingLayer {
  const { name, in: channelsIn, out, activations, outActivation } = config;
  const internal = channelsIn / INTERNAL_RATIO;
  const mainConvolution = convUnit(
    builder,
    `${name}.main_conv1`,
    { in: channelsIn, out, kernel: 1 },
    'none',
  );
  const extensionBranch = sequential(
    convUnit(
      builder,
      `${name}.ext_conv1`,
      { in: channelsIn, out: internal, kernel: 1 },
      activations,
    ),
    conv2dTranspose(builder, `${name}.ext_tconv1`, { in: internal, out: internal, kernel: 2 }),
    batchNorm(builder, `${name}.ext_tconv1_bnorm`, internal),
    activations(`${name}.ext_tconv1_activation`),
    convUnit(builder, `${name}.ext_conv2`, { in: internal, out, kernel: 1 }, 'none'),
    dropout(config.dropout),
  );
  const activate = activations(`${name}.${outActivation}`);
  return (x, indices, pass) => {
    const mainBranch = maxUnpool(mainConvolution(x, pass), indices);
    return activate(tf.add(mainBranch, extensionBranch(x, pass)), pass);
  };
}

function padChannels(x: tf.Tensor4D, count: number): tf.Tensor4D {
  return tf.pad(x, [
    [0, 0],
    [0, 0],
    [0, 0],
    [0, count],
  ]);
}
