import type * as tf from '@tensorflow/tfjs';

/** How a parameter starts. */
export type Initializer =
  | { readonly kind: 'constant'; readonly value: number }
  /** Uniform in ±1/√fanIn, PyTorch's default for convolutions. */
  | { readonly kind: 'uniform'; readonly fanIn: number };

/**
 * A trainable tensor. Its name is PyTorch-ENet's; its shape is TensorFlow's: `[kh, kw, in, out]` for a convolution's filter,
 * `[kh, kw, out, in]` for a transposed one's, both of PyTorch's order reversed to height and width first.
 */
export interface ParameterSpec {
  readonly name: string;
  readonly shape: readonly number[];
  readonly initializer: Initializer;
  /** Its further names: a tensor that several layers share has one for each, in PyTorch's files as in ours. */
  readonly aliases: readonly string[];
}

/** The running statistics of one batch normalisation: `NAME.running_mean` and `NAME.running_var`, each `[channels]`. */
export interface StatisticsSpec {
  readonly name: string;
  readonly channels: number;
}

/** What a network is made of, apart from its numbers. */
export interface ModelSpec {
  readonly parameters: readonly ParameterSpec[];
  readonly statistics: readonly StatisticsSpec[];
}

/** One pass through the network: where layers find their numbers. */
export interface Pass {
  readonly training: boolean;
  parameter(spec: ParameterSpec): tf.Tensor;
  /** Running statistics for evaluation. */
  statistics(spec: StatisticsSpec): { mean: tf.Tensor; variance: tf.Tensor };
  /** Takes the statistics of this batch, in training. The pass disposes them. */
  observe(spec: StatisticsSpec, mean: tf.Tensor, variance: tf.Tensor): void;
  /** A new int32 `[2]` seed for each call, in training. */
  nextSeed(): tf.Tensor;
  /** Observes or replaces what the activation of this name sees; for tests. */
  tap?(name: string, x: tf.Tensor4D): tf.Tensor4D;
}

/** A piece of a network: NHWC in, NHWC out. */
export type Layer = (x: tf.Tensor4D, pass: Pass) => tf.Tensor4D;

export interface Model {
  readonly spec: ModelSpec;
  /** How many pixels of the image a pixel of the logits is wide and high: S below. */
  readonly outputStride: number;
  /** From float32 `[N, H, W, 3]`, RGB in 0..1, H and W multiples of 8, to float32 logits `[N, H/S, W/S, K]`. */
  readonly forward: Layer;
}

/** Collects the specs of a network's layers while they are put together, in the order in which they are made. */
export class ModelBuilder {
  readonly parameters: ParameterSpec[] = [];
  readonly statistics: StatisticsSpec[] = [];

  parameter(name: string, shape: readonly number[], initializer: Initializer): ParameterSpec {
    const spec = { name, shape, initializer, aliases: [] };
    this.parameters.push(spec);
    return spec;
  }

  /** Gives a parameter, which another layer is to use as well, that layer's name for it. */
  share(shared: ParameterSpec, alias: string): void {
    const index = this.parameters.findIndex(({ name }) => name === shared.name);
    const { aliases, ...spec } = this.parameters[index]!;
    this.parameters[index] = { ...spec, aliases: [...aliases, alias] };
  }

  runningStatistics(name: string, channels: number): StatisticsSpec {
    const spec = { name, channels };
    this.statistics.push(spec);
    return spec;
  }

  build(forward: Layer, outputStride = 1): Model {
    const { parameters, statistics } = this;
    return { spec: { parameters, statistics }, outputStride, forward };
  }
}
