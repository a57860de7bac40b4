import type { Activation } from '../layers/activation.js';
import { conv2d, conv2dTranspose } from '../layers/conv2d.js';
import {
  downsamplingBottleneck,
  initialBlock,
  type PoolIndices,
  regularBottleneck,
  type RegularConfig,
  upsamplingBottleneck,
} from './bottlenecks.js';
import { type Layer, type Model, ModelBuilder } from './model.js';

type Middle = RegularConfig['convolution'];

const REGULAR: Middle = { kind: 'regular' };
const dilated = (dilation: number): Middle => ({ kind: 'dilated', dilation });
const ASYMMETRIC: Middle = { kind: 'asymmetric', kernel: 5 };

/** Stages 2 and 3 repeat this row of bottlenecks. */
const CONTEXT: readonly Middle[] = [
  REGULAR,
  dilated(2),
  ASYMMETRIC,
  dilated(4),
  REGULAR,
  dilated(8),
  ASYMMETRIC,
  dilated(16),
];

/** One stage of the network: how it changes the size, then its bottlenecks. */
interface Stage {
  readonly number: number;
  readonly channels: number;
  readonly dropout: number;
  readonly activation: Activation;
  readonly resampling: 'down' | 'up' | 'none';
  readonly bottlenecks: readonly Middle[];
}

/** The paper's table of the architecture after the initial block, read top to bottom; {@link stackStages} folds over it. */
const STAGES: readonly Stage[] = [
  {
    number: 1,
    resampling: 'down',
    channels: 64,
    dropout: 0.01,
    activation: 'prelu',
    bottlenecks: [REGULAR, REGULAR, REGULAR, REGULAR],
  },
  {
    number: 2,
    resampling: 'down',
    channels: 128,
    dropout: 0.1,
    activation: 'prelu',
    bottlenecks: CONTEXT,
  },
  {
    number: 3,
    resampling: 'none',
    channels: 128,
    dropout: 0.1,
    activation: 'prelu',
    bottlenecks: CONTEXT,
  },
  {
    number: 4,
    resampling: 'up',
    channels: 64,
    dropout: 0.1,
    activation: 'relu',
    bottlenecks: [REGULAR, REGULAR],
  },
  {
    number: 5,
    resampling: 'up',
    channels: 16,
    dropout: 0.1,
    activation: 'relu',
    bottlenecks: [REGULAR],
  },
];

const INITIAL_CHANNELS = 16;

export interface EnetOptions {
  /** Number of logits a pixel: all classes of the data set, "unlabelled" included. */
  readonly classCount: number;
  /** Probability of dropout in all blocks, instead of the paper's 0.01 and 0.1. */
  readonly dropout?: number;
}

/**
 * Builds ENet as PyTorch-ENet does (at e17d404): PReLU in the encoder, ReLU in the decoder, 2×2 transposed convolutions in the
 * upsampling bottlenecks; 350,652 parameters with 12 classes. Parameters have that project's names.
 *
 * @see arXiv:1606.02147, https://github.com/davidtvs/PyTorch-ENet/blob/e17d404/models/enet.py
 */
export function createEnet({ classCount, dropout }: EnetOptions): Model {
  const builder = new ModelBuilder();
  const { features, channels } = stackStages(builder, STAGES, dropout);
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
  const { features, channels } = stackStages(builder, encoder, dropout);
  const classifier = conv2d(builder, 'classifier', { in: channels, out: classCount, kernel: 1 });
  return builder.build((image, pass) => classifier(features(image, pass), pass), 8);
}

/** The initial block and the stages after it, from the image to the last one's feature map. */
function stackStages(
  builder: ModelBuilder,
  stages: readonly Stage[],
  dropout: number | undefined,
): { features: Layer; channels: number } {
  let channels = INITIAL_CHANNELS;
  const initial = initialBlock(builder, 'initial_block', {
    in: 3,
    out: channels,
    activation: 'prelu',
  });

  // Each step goes from one feature map to the next; pooling indices wait in a stack for the mirrored unpooling.
  type Step = (
    x: Parameters<Layer>[0],
    pass: Parameters<Layer>[1],
    pooled: PoolIndices[],
  ) => ReturnType<Layer>;
  const steps: Step[] = [];
  for (const stage of stages) {
    const block = { activation: stage.activation, dropout: dropout ?? stage.dropout };
    const resampling = { ...block, in: channels, out: stage.channels };
    if (stage.resampling === 'down') {
      const down = downsamplingBottleneck(builder, {
        ...resampling,
        name: `downsample${stage.number}_0`,
      });
      steps.push((x, pass, pooled) => {
        const { value, indices } = down(x, pass);
        pooled.push(indices);
        return value;
      });
    } else if (stage.resampling === 'up') {
      const up = upsamplingBottleneck(builder, {
        ...resampling,
        name: `upsample${stage.number}_0`,
      });
      steps.push((x, pass, pooled) => up(x, pooled.pop()!, pass));
    }
    channels = stage.channels;
    // Where nothing is resampled, the bottlenecks are numbered from 0.
    const first = stage.resampling === 'none' ? 0 : 1;
    stage.bottlenecks.forEach((convolution, i) => {
      const name = `${convolution.kind}${stage.number}_${first + i}`;
      steps.push(
        regularBottleneck(builder, { ...block, name, channels: stage.channels, convolution }),
      );
    });
  }
  const features: Layer = (image, pass) => {
    const pooled: PoolIndices[] = [];
    return steps.reduce((x, step) => step(x, pass, pooled), initial(image, pass));
  };
  return { features, channels };
}
