import type { GraphProto } from '../shared/onnx/index.js';
import { beforeConcat } from './passes/before-concat.js';
import { blockedSums } from './passes/blocked-sums.js';
import { channelsBySum } from './passes/channels-by-sum.js';
import { foldBatchNorm } from './passes/fold-batch-norm.js';
import type { Pass } from './passes/graph-editor.js';
import { leakyRelu } from './passes/leaky-relu.js';
import { maskUnpool } from './passes/mask-unpool.js';
import { nameSizes } from './passes/name-sizes.js';
import { reluOfRelus } from './passes/relu-of-relus.js';
import { shuffleByTranspose } from './passes/shuffle-by-transpose.js';
import { sinkShuffles } from './passes/sink-shuffles.js';
import { transposedToPlaces } from './passes/transposed-to-places.js';
import { transposedToSubpixel } from './passes/transposed-to-subpixel.js';
import { unpoolInPlaces } from './passes/unpool-in-places.js';

/** What helps on every runtime. */
const EVERYWHERE = { foldBatchNorm, leakyRelu, reluOfRelus };

/** What every exported graph goes through, in this order. To add a pass: a file in passes/ and its name here. */
export const PASSES: Readonly<Record<string, Pass>> = { ...EVERYWHERE, maskUnpool };

/** What the form that serves goes through, on CPUs, before its ends are made for bytes. */
export const SERVING_PASSES: Readonly<Record<string, Pass>> = {
  beforeConcat,
  ...EVERYWHERE,
  channelsBySum,
  blockedSums,
  unpoolInPlaces,
  transposedToSubpixel,
  sinkShuffles,
  nameSizes,
  shuffleByTranspose,
};

/**
 * What the form for browsers goes through: WebAssembly has MaxUnpool, which is cheaper there than what other runtimes need in its stead, and no
 * blocks of channels.
 */
export const WEB_PASSES: Readonly<Record<string, Pass>> = { ...EVERYWHERE, transposedToPlaces };

/** Makes a graph faster, and runnable on more runtimes, that computes the same function to rounding. */
export function optimize(
  graph: GraphProto,
  passes: Readonly<Record<string, Pass>> = PASSES,
): GraphProto {
  return Object.values(passes).reduce((optimized, pass) => pass(optimized), graph);
}
