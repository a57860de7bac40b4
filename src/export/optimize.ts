import type { GraphProto } from '../shared/onnx/index.js';
import { foldBatchNorm } from './passes/fold-batch-norm.js';
import type { Pass } from './passes/graph-editor.js';
import { leakyRelu } from './passes/leaky-relu.js';
import { maskUnpool } from './passes/mask-unpool.js';

/** What every exported graph goes through, in this order. To add a pass: a file in passes/ and its name here. */
export const PASSES: Readonly<Record<string, Pass>> = { foldBatchNorm, leakyRelu, maskUnpool };

/** Makes a graph faster, and runnable on more runtimes, that computes the same function to rounding. */
export function optimize(graph: GraphProto): GraphProto {
  return Object.values(PASSES).reduce((optimized, pass) => pass(optimized), graph);
}
