import * as tf from '@tensorflow/tfjs';
import type { Batch } from '../data/batches.js';
import type { Size } from '../data/dataset.js';
import type { Constant } from '../graph/graph.js';
import type { ProgramRunner } from '../graph/program.js';
import { takeValues } from '../graph/take-values.js';
import { SegprobeError } from '../shared/errors.js';
import { createRunner } from './device.js';
import { createModel, type ModelName } from './models/index.js';
import type { ModelSpec } from './models/model.js';
import type { Views } from './augmentation.js';
import { adamStep } from './optimizer.js';
import {
  dropoutSeed,
  nameOptimizer,
  type PackedState,
  packOptimizer,
  partOf,
  readPackedState,
  toVectors,
  withPrefix,
} from './packed-state.js';
import {
  initialWeights,
  type NamedTensors,
  OPTIMIZER_PREFIX as PREFIX,
  packWeights,
  type PackedWeights,
  unpackWeights,
} from './packing.js';
import { type ViewSize, viewTensors } from './scene-views.js';
import { attackerState, createVictimProgram, type FrozenAttack } from './victim-program.js';

export interface VictimOptions extends Size {
  /** @defaultValue enet */
  readonly model?: ModelName | undefined;
  readonly classCount: number;
  /** Weights to begin with; drawn from `seed` if absent. */
  readonly weights?: NamedTensors | undefined;
  /** The file that `weights` come from, for messages. */
  readonly weightsFile?: string | undefined;
  readonly seed?: number | undefined;
  readonly predictBatchSizes: readonly number[];
  /** Absent where the victim is only to predict. */
  readonly training?: {
    readonly batchSizes: readonly number[];
    readonly classWeights: readonly number[];
    /** Only pixels count in the loss whose right class has a probability below this. */
    readonly hardBelow?: number | undefined;
    readonly iouLoss?: number | undefined;
    readonly weightDecay: number;
    /** The size at which training sees its scenes, where it sees them by `Views`. */
    readonly views?: ViewSize | undefined;
    /** Hardening: the attacker that attacks a share of each batch. */
    readonly attack?: FrozenAttack | undefined;
    /** Predict with, and give out, the exponential moving average of the weights. @defaultValue false */
    readonly averaging?: boolean;
  };
}

/** What one step of training takes beside the batch. */
export interface TrainStep {
  /** Counted from 1. */
  readonly step: number;
  readonly learningRate: number;
  /** What dropout is drawn from, together with `step`. */
  readonly seed: number;
  /** How the scenes are seen, where the victim was made with `views`. */
  readonly views?: Views | undefined;
  /** How much of the average stays, where there is one. */
  readonly averageDecay?: number | undefined;
}

/** An ENet that lives on the device: trains by batches, predicts label maps, gives its numbers out and takes them back. */
export interface Victim {
  /**
   * Takes one step of Adam.
   * @returns the loss before the step.
   * @throws SegprobeError `TRAINING_DIVERGED` when the loss is no finite number, `DATASET_INVALID` when no pixel of the batch
   * has a class that counts.
   */
  trainStep(batch: Batch, step: TrainStep): Promise<number>;
  /** Predicts class numbers, `[N, H, W]` flattened. */
  predict(images: Float32Array, count: number): Promise<Int32Array>;
  /** The same of the pictures after the attack that it was made with, rounded to 8 bits. */
  predictAttacked(images: Float32Array, count: number): Promise<Int32Array>;
  /** Predicts the model's logits, `[N, H/S, W/S, K]` flattened, S its output stride. */
  logits(images: Float32Array, count: number): Promise<Float32Array>;
  /** The weights and running statistics by name, in PyTorch's layout: those that it predicts with. */
  readWeights(): Promise<NamedTensors>;
  writeWeights(weights: NamedTensors, what: string): void;
  /** Weights, Adam's moments and the average if there is one: all that training needs to go on. */
  readOptimizer(): Promise<NamedTensors>;
  writeOptimizer(optimizer: NamedTensors, what: string): void;
  /** Puts another attacker of the same network in the place of the one that it was made with. */
  writeAttacker(weights: PackedWeights): void;
  dispose(): void;
}

/** Builds an ENet on the backend in use; see {@link Victim}. The caller disposes it. */
export function createVictim(options: VictimOptions): Victim {
  const { height, width, classCount, training } = options;
  const model = createModel(options.model ?? 'enet', { classCount });
  const { spec } = model;
  const weights =
    options.weights === undefined
      ? initialWeights(spec, options.seed ?? 1)
      : packWeights(spec, options.weights, options.weightsFile ?? 'weights');
  const averaging = training?.averaging ?? false;
  const runner = createRunner(
    createVictimProgram({
      model,
      weights,
      height,
      width,
      trainBatchSizes: training?.batchSizes ?? [],
      predictBatchSizes: options.predictBatchSizes,
      classWeights: training?.classWeights ?? [],
      hardBelow: training?.hardBelow,
      iouLoss: training?.iouLoss,
      weightDecay: training?.weightDecay ?? 0,
      views: training?.views,
      attack: training?.attack,
      averaging,
    }),
  );
  const predict = async (
    images: Float32Array,
    count: number,
    { what = 'predict', output = 'labels' }: Prediction = {},
  ): Promise<Constant['values']> => {
    const outputs = tf.tidy(() => {
      const image = tf.tensor4d(images, [count, height, width, 3]);
      return { [output]: runner.run(`${what}/${count}`, { image })[output]! };
    });
    return (await takeValues(outputs))[output]!;
  };
  return {
    trainStep: async (batch, step) => {
      assertCounts(batch, training?.classWeights ?? []);
      return trainStep(runner, { height, width }, batch, step);
    },
    predict: async (images, count) => (await predict(images, count)) as Int32Array,
    predictAttacked: async (images, count) =>
      (await predict(images, count, { what: 'predict-attacked' })) as Int32Array,
    logits: async (images, count) =>
      (await predict(images, count, { output: 'logits' })) as Float32Array,
    readWeights: async () => {
      const state = await readPackedState<VictimState>(runner);
      return averaging ? averageOf(spec, state) : unpackWeights(spec, state);
    },
    writeWeights: (named, what) => {
      const packed = packWeights(spec, named, what);
      runner.writeState(toVectors({ ...packed, ...(averaging && asAverage(packed)) }));
    },
    readOptimizer: async () => {
      const state = await readPackedState<VictimState>(runner);
      const average = averaging ? withPrefix(PREFIX.average, averageOf(spec, state)) : [];
      return new Map([...nameOptimizer(spec, state), ...average]);
    },
    writeOptimizer: (named, what) => {
      const average = (): PackedAverage =>
        asAverage(packWeights(spec, ...partOf(named, PREFIX.average, what)));
      runner.writeState(
        toVectors({ ...packOptimizer(spec, named, what), ...(averaging && average()) }),
      );
    },
    writeAttacker: (attacker) => runner.writeState(attackerState(attacker)),
    dispose: () => runner.dispose(),
  };
}

/** What a prediction is of, and which of its outputs is read. */
interface Prediction {
  /** @defaultValue predict */
  readonly what?: 'predict' | 'predict-attacked';
  /** @defaultValue labels */
  readonly output?: 'labels' | 'logits';
}

async function trainStep(
  runner: ProgramRunner,
  { height, width }: Size,
  batch: Batch,
  { step, learningRate, seed, views, averageDecay }: TrainStep,
): Promise<number> {
  const { stepSize, secondCorrection } = adamStep(step, learningRate);
  const outputs = tf.tidy(() => ({
    loss: runner.run(`train/${batch.count}`, {
      image: tf.tensor4d(batch.images, [batch.count, height, width, 3]),
      label: tf.tensor3d(batch.labels, [batch.count, height, width], 'int32'),
      seed: tf.tensor1d(dropoutSeed(seed, step), 'int32'),
      stepSize: tf.scalar(stepSize),
      secondCorrection: tf.scalar(secondCorrection),
      ...viewTensors(views, batch.count),
      ...(averageDecay !== undefined && { averageDecay: tf.scalar(averageDecay) }),
    })['loss']!,
  }));
  const [loss] = (await takeValues(outputs)).loss;
  if (!Number.isFinite(loss)) {
    throw new SegprobeError(
      'TRAINING_DIVERGED',
      `step ${step}: expected a finite loss, got ${loss}; a smaller --learning-rate may help (the last checkpoint is kept)`,
    );
  }
  return loss!;
}

/** The loss is a mean over the pixels that count: there must be one. */
function assertCounts({ labels, names }: Batch, classWeights: readonly number[]): void {
  if (labels.some((label) => classWeights[label] !== 0)) return;
  throw new SegprobeError(
    'DATASET_INVALID',
    `expected a labelled pixel in each batch, got none in ${names.join(', ')}; take those scenes out, or a larger --batch-size`,
  );
}

/** The packed average, as the state calls it. */
interface PackedAverage {
  readonly averageParameters: Float32Array;
  readonly averageMean: Float32Array;
  readonly averageVariance: Float32Array;
}

type VictimState = PackedState & Partial<PackedAverage>;

function averageOf(spec: ModelSpec, state: VictimState): NamedTensors {
  const { averageParameters, averageMean, averageVariance } = state as Required<VictimState>;
  return unpackWeights(spec, {
    parameters: averageParameters,
    runningMean: averageMean,
    runningVariance: averageVariance,
  });
}

function asAverage({ parameters, runningMean, runningVariance }: PackedWeights): PackedAverage {
  return {
    averageParameters: parameters,
    averageMean: runningMean,
    averageVariance: runningVariance,
  };
}
