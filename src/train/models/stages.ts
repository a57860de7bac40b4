import type * as tf from '@tensorflow/tfjs';
import type { PooledWithIndices } from '../kernels/max-pool.js';
import type { Activation } from '../layers/activation.js';
import {
  type Activations,
  type BlockConfig,
  downsamplingBottleneck,
  initialBlock,
  type PoolIndices,
  regularBottleneck,
  type RegularConfig,
  type ResamplingConfig,
  type UpsamplingLayer,
} from './bottlenecks.js';
import type { Layer, ModelBuilder } from './model.js';

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
export const STAGES: readonly Stage[] = [
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

/** What the versions of ENet that PyTorch-ENet has had do each in its own way. */
export interface EnetVersion {
  /** Makes the activations of one block. */
  readonly activations: (builder: ModelBuilder, kind: Activation) => Activations;
  readonly outActivation: string;
  /** Halves height and width, and says where the maxima were. */
  readonly pool: (x: tf.Tensor4D) => PooledWithIndices;
  readonly upsampling: (builder: ModelBuilder, config: ResamplingConfig) => UpsamplingLayer;
}

/** The initial block and the stages after it, from the image to the last one's feature map. */
export function stackStages(
  builder: ModelBuilder,
  stages: readonly Stage[],
  version: EnetVersion,
  dropout: number | undefined,
): { features: Layer; channels: number } {
  const { outActivation, pool } = version;
  let channels = INITIAL_CHANNELS;
  const initial = initialBlock(builder, {
    name: 'initial_block',
    in: 3,
    out: channels,
    activations: version.activations(builder, 'prelu'),
    outActivation,
  });

  // Each step goes from one feature map to the next; pooling indices wait in a stack for the mirrored unpooling.
  type Step = (
    x: Parameters<Layer>[0],
    pass: Parameters<Layer>[1],
    pooled: PoolIndices[],
  ) => ReturnType<Layer>;
  const steps: Step[] = [];
  for (const stage of stages) {
    const blockOf = (name: string): BlockConfig => ({
      name,
      activations: version.activations(builder, stage.activation),
      outActivation,
      dropout: dropout ?? stage.dropout,
    });
    const resampled = { in: channels, out: stage.channels };
    if (stage.resampling === 'down') {
      const block = blockOf(`downsample${stage.number}_0`);
      const down = downsamplingBottleneck(builder, { ...block, ...resampled, pool });
      steps.push((x, pass, pooled) => {
        const { value, indices } = down(x, pass);
        pooled.push(indices);
        return value;
      });
    } else if (stage.resampling === 'up') {
      const block = blockOf(`upsample${stage.number}_0`);
      const up = version.upsampling(builder, { ...block, ...resampled });
      steps.push((x, pass, pooled) => up(x, pooled.pop()!, pass));
    }
    channels = stage.channels;
    // Where nothing is resampled, the bottlenecks are numbered from 0.
    const first = stage.resampling === 'none' ? 0 : 1;
    stage.bottlenecks.forEach((convolution, i) => {
      const block = blockOf(`${convolution.kind}${stage.number}_${first + i}`);
      steps.push(regularBottleneck(builder, { ...block, channels: stage.channels, convolution }));
    });
  }
  const features: Layer = (image, pass) => {
    const pooled: PoolIndices[] = [];
    return steps.reduce((x, step) => step(x, pass, pooled), initial(image, pass));
  };
  return { features, channels };
}
