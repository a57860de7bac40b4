import { maxPoolWithIndices } from '../kernels/max-pool.js';
import { activation } from '../layers/activation.js';
import { conv2d, conv2dTranspose } from '../layers/conv2d.js';
import { upsamplingBottleneck } from './bottlenecks.js';
import { type Model, ModelBuilder } from './model.js';
import { type EnetVersion, STAGES, stackStages } from './stages.js';

export interface EnetOptions {
  /** Number of logits a pixel: all classes of the data set, "unlabelled" included. */
  readonly classCount: number;
  /** Probability of dropout in all blocks, instead of the paper's 0.01 and 0.1. */
  readonly dropout?: number;
}

const CURRENT: EnetVersion = {
  activations: (builder, kind) => (name) => activation(builder, name, kind),
  outActivation: 'out_activation',
  pool: maxPoolWithIndices,
  upsampling: upsamplingBottleneck,
};

/**
 * Builds ENet as PyTorch-ENet does (at e17d404): PReLU in the encoder, ReLU in the decoder, 2×2 transposed convolutions in the
 * upsampling bottlenecks; 350,652 parameters with 12 classes. Parameters have that project's names.
 *
 * @see arXiv:1606.02147, https://github.com/davidtvs/PyTorch-ENet/blob/e17d404/models/enet.py
 */
export function createEnet(options: EnetOptions): Model {
  return stackEnet(CURRENT, options);
}

/** Builds the whole network in one of its versions: all stages, and a transposed convolution to the logits. */
export function stackEnet(version: EnetVersion, { classCount, dropout }: EnetOptions): Model {
  const builder = new ModelBuilder();
  const { features, channels } = stackStages(builder, STAGES, version, dropout);
  const transposed = conv2dTranspose(builder, 'transposed_conv', {
    in: channels,
    out: classCount,
    kernel: 3,
    padding: 1,
  });
  return builder.build((image, pass) => transposed(features(image, pass), pass));
}

/**
 * Builds ENet's encoder with a 1×1 classifier: what the paper trains first. Its parameters but for the classifier's are
 * {@link createEnet}'s, by the same names.
 *
 * @see arXiv:1606.02147, section 5.1
 */
export function createEnetEncoder({ classCount, dropout }: EnetOptions): Model {
  const builder = new ModelBuilder();
  const encoder = STAGES.filter(({ resampling }) => resampling !== 'up');
  const { features, channels } = stackStages(builder, encoder, CURRENT, dropout);
  const classifier = conv2d(builder, 'classifier', { in: channels, out: classCount, kernel: 1 });
  return builder.build((image, pass) => classifier(features(image, pass), pass), 8);
}
