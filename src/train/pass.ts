import * as tf from '@tensorflow/tfjs';
import { sizeOf } from '../graph/graph.js';
import type { ModelSpec, ParameterSpec, Pass, StatisticsSpec } from './models/model.js';

/** PyTorch's momentum: how much of each batch goes into the running statistics. */
const BATCH_NORM_MOMENTUM = 0.1;

/** The packed numbers of a network as tensors; see `PackedWeights`. */
export interface PackedTensors {
  readonly parameters: tf.Tensor;
  readonly runningMean: tf.Tensor;
  readonly runningVariance: tf.Tensor;
}

/** Starts a pass in evaluation mode: running statistics, no dropout. */
export function createEvaluationPass(spec: ModelSpec, weights: PackedTensors): Pass {
  const channels = spec.statistics.map((statistics) => statistics.channels);
  const means = new Map(zip(spec.statistics, split(weights.runningMean, channels)));
  const variances = new Map(zip(spec.statistics, split(weights.runningVariance, channels)));
  return {
    training: false,
    parameter: parameterLookup(spec, weights.parameters),
    statistics: (statistics) => ({
      mean: means.get(statistics)!,
      variance: variances.get(statistics)!,
    }),
    observe: () => unavailable('batch statistics'),
    nextSeed: () => unavailable('dropout'),
  };
}

export interface TrainingPass extends Pass {
  /** The running statistics after this batch; call once, after the forward pass. */
  updatedStatistics(before: Omit<PackedTensors, 'parameters'>): Omit<PackedTensors, 'parameters'>;
}

/**
 * Starts a pass in training mode: batch statistics, dropout.
 * @param seed - int32 `[2]`; equal seeds give equal dropout.
 */
export function createTrainingPass(
  spec: ModelSpec,
  parameters: tf.Tensor,
  seed: tf.Tensor,
): TrainingPass {
  const observed = new Map<StatisticsSpec, { mean: tf.Tensor; variance: tf.Tensor }>();
  let drawn = 0;
  return {
    training: true,
    parameter: parameterLookup(spec, parameters),
    statistics: () => unavailable('running statistics'),
    observe: (statistics, mean, variance) => void observed.set(statistics, { mean, variance }),
    nextSeed: () => tf.add(seed, tf.tensor1d([0, drawn++], 'int32')),
    updatedStatistics: ({ runningMean, runningVariance }) => {
      if (spec.statistics.length === 0) return { runningMean, runningVariance };
      const batch = spec.statistics.map((statistics) => observed.get(statistics)!);
      const updated = {
        runningMean: blend(runningMean, tf.concat(batch.map(({ mean }) => mean))),
        runningVariance: blend(runningVariance, tf.concat(batch.map(({ variance }) => variance))),
      };
      tf.dispose(batch);
      return updated;
    },
  };
}

function blend(running: tf.Tensor, batch: tf.Tensor): tf.Tensor {
  return tf.add(tf.mul(running, 1 - BATCH_NORM_MOMENTUM), tf.mul(batch, BATCH_NORM_MOMENTUM));
}

function parameterLookup(
  spec: ModelSpec,
  packed: tf.Tensor,
): (parameter: ParameterSpec) => tf.Tensor {
  const parts = split(
    packed,
    spec.parameters.map(({ shape }) => sizeOf(shape)),
  );
  const byName = new Map(
    spec.parameters.map(({ name, shape }, i) => [name, tf.reshape(parts[i]!, [...shape])]),
  );
  return ({ name }) => byName.get(name)!;
}

function split(packed: tf.Tensor, sizes: number[]): tf.Tensor[] {
  // tfjs finds no gradient of a split into one.
  if (sizes.length < 2) return sizes.map(() => packed);
  return tf.split(packed, sizes);
}

function zip<A, B>(keys: readonly A[], values: readonly B[]): [A, B][] {
  return keys.map((key, i) => [key, values[i]!]);
}

function unavailable(what: string): never {
  throw new Error(`${what} asked for in the wrong mode`);
}
