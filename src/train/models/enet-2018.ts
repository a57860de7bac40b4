import * as tf from '@tensorflow/tfjs';
import { overlappingMaxPoolWithIndices } from '../kernels/max-pool-overlapping.js';
import { overlappingMaxUnpool } from '../kernels/max-unpool-overlapping.js';
import { sharedActivation } from '../layers/activation.js';
import { batchNorm } from '../layers/batch-norm.js';
import { conv2dTranspose } from '../layers/conv2d.js';
import { dropout } from '../layers/dropout.js';
import { sequential } from '../layers/sequential.js';
import {
  convUnit,
  INTERNAL_RATIO,
  type ResamplingConfig,
  type UpsamplingLayer,
} from './bottlenecks.js';
import { type EnetOptions, stackEnet } from './enet.js';
import type { Model, ModelBuilder } from './model.js';
import type { EnetVersion } from './stages.js';

const VERSION_2018: EnetVersion = {
  activations: sharedActivation,
  outActivation: 'out_prelu',
  pool: overlappingMaxPoolWithIndices,
  upsampling: upsamplingBottleneck,
};

/**
 * Builds ENet as PyTorch-ENet did in 2018, when the Malicious Autoencoder took it over: pooling windows overlap, each block has
 * one activation in several places, and the upsampling bottlenecks have transposed convolutions 3×3; 358,134 parameters with 20
 * classes. Parameters have that version's names.
 *
 * @see https://github.com/shguan10/cat_coop
 */
export function createEnet2018(options: EnetOptions): Model {
  return stackEnet(VERSION_2018, options);
}

/** Doubles height and width; the main branch unpools to where the mirrored downsampling pooled from. */
function upsamplingBottleneck(builder: ModelBuilder, config: ResamplingConfig): UpsamplingLayer {
  const { name, in: channelsIn, out, activations, outActivation } = config;
  const internal = channelsIn / INTERNAL_RATIO;
  const doubled = { in: internal, out: internal, kernel: 3, padding: 1 };
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
    conv2dTranspose(builder, `${name}.ext_conv2.0`, doubled),
    batchNorm(builder, `${name}.ext_conv2.1`, internal),
    activations(`${name}.ext_conv2.2`),
    convUnit(builder, `${name}.ext_conv3`, { in: internal, out, kernel: 1 }, activations),
    dropout(config.dropout),
  );
  const activate = activations(`${name}.${outActivation}`);
  return (x, indices, pass) => {
    const mainBranch = overlappingMaxUnpool(mainConvolution(x, pass), indices);
    return activate(tf.add(mainBranch, extensionBranch(x, pass)), pass);
  };
}
