import * as tf from '@tensorflow/tfjs';
import type { Batch } from '../data/batches.js';
import type { Size } from '../data/dataset.js';
import { takeValues } from '../graph/take-values.js';
import { SegprobeError } from '../shared/errors.js';
import { createAttackerProgram } from './attacker-program.js';
import type { Views } from './augmentation.js';
import { type AttackerShape, createAttacker } from './attackers/index.js';
import type { AttackerLoss } from './attackers/loss.js';
import { createRunner } from './device.js';
import type { Model } from './models/model.js';
import { adamStep } from './optimizer.js';
import {
  dropoutSeed,
  nameOptimizer,
  packOptimizer,
  readPackedState,
  toVectors,
} from './packed-state.js';
import {
  initialWeights,
  type NamedTensors,
  packWeights,
  type PackedWeights,
  unpackWeights,
} from './packing.js';
import { type ViewSize, viewTensors } from './scene-views.js';

export interface AttackerOptions {
  /** Its network, and the size of the pictures that it is given. */
  readonly shape: AttackerShape;
  /** Weights to begin with; drawn from `seed` if absent. */
  readonly weights?: NamedTensors | undefined;
  /** The file that `weights` come from, for messages. */
  readonly weightsFile?: string | undefined;
  readonly seed?: number | undefined;
  /** Whom it attacks. */
  readonly victim: { readonly model: Model; readonly weights: PackedWeights };
  readonly scoreBatchSizes: readonly number[];
  /** Absent where the attacker is only to attack. */
  readonly training?: {
    readonly batchSizes: readonly number[];
    readonly classWeights: readonly number[];
    readonly loss: AttackerLoss;
    readonly weightDecay: number;
    readonly views?: ViewSize | undefined;
  };
}

/** What one step of training takes beside the batch. */
export interface AttackerStep {
  /** Counted from 1. */
  readonly step: number;
  readonly learningRate: number;
  readonly seed: number;
  /** How the scenes are seen, where the attacker was made with `views`. */
  readonly views?: Views | undefined;
}

/** What an attack does to pictures, once they are pictures of 8 bits. */
export interface AttackScores {
  /** Class numbers that the victim predicts, `[N, H, W]` flattened. */
  readonly labels: Int32Array;
  /** Of the difference, in 0..1, for each image. */
  readonly meanSquare: Float32Array;
  /** The largest difference of each image, in 0..1. */
  readonly linf: Float32Array;
}

/** An attacker and its frozen victim that live on the device. */
export interface Attacker {
  /**
   * Takes one step of Adam; the victim stays as it is.
   * @returns the loss before the step.
   * @throws SegprobeError `TRAINING_DIVERGED` when the loss is no finite number.
   */
  trainStep(batch: Batch, step: AttackerStep): Promise<number>;
  score(images: Float32Array, count: number): Promise<AttackScores>;
  readWeights(): Promise<NamedTensors>;
  /** Weights and Adam's moments: all that training needs to go on. */
  readOptimizer(): Promise<NamedTensors>;
  writeOptimizer(optimizer: NamedTensors, what: string): void;
  dispose(): void;
}

/** Builds an attacker with its victim on the backend in use; see {@link Attacker}. The caller disposes it. */
export function createTrainableAttacker(options: AttackerOptions): Attacker {
  const { shape, victim, training } = options;
  const { height, width } = shape;
  const model = createAttacker(shape);
  const { spec } = model;
  const weights =
    options.weights === undefined
      ? initialWeights(spec, options.seed ?? 1)
      : packWeights(spec, options.weights, options.weightsFile ?? 'weights');
  const runner = createRunner(
    createAttackerProgram({
      attacker: model,
      weights,
      height,
      width,
      attackBatchSizes: [],
      victim,
      scoreBatchSizes: options.scoreBatchSizes,
      training,
    }),
  );
  return {
    trainStep: async (batch, step) => {
      const outputs = tf.tidy(() => {
        const { loss } = runner.run(`train/${batch.count}`, trainInputs(batch, step, shape));
        return { loss: loss! };
      });
      const [loss] = (await takeValues(outputs)).loss;
      if (Number.isFinite(loss)) return loss!;
      throw new SegprobeError(
        'TRAINING_DIVERGED',
        `step ${step.step}: expected a finite loss, got ${loss}; a smaller --learning-rate may help (the last checkpoint is kept)`,
      );
    },
    score: async (images, count) => {
      const outputs = tf.tidy(() => {
        const image = tf.tensor4d(images, [count, height, width, 3]);
        const { labels, meanSquare, linf } = runner.run(`score/${count}`, { image });
        return { labels: labels!, meanSquare: meanSquare!, linf: linf! };
      });
      const { labels, meanSquare, linf } = await takeValues(outputs);
      return {
        labels: labels as Int32Array,
        meanSquare: meanSquare as Float32Array,
        linf: linf as Float32Array,
      };
    },
    readWeights: async () => unpackWeights(spec, await readPackedState(runner)),
    readOptimizer: async () => nameOptimizer(spec, await readPackedState(runner)),
    writeOptimizer: (named, what) =>
      runner.writeState(toVectors({ ...packOptimizer(spec, named, what) })),
    dispose: () => runner.dispose(),
  };
}

function trainInputs(
  { images, labels, count }: Batch,
  { step, learningRate, seed, views }: AttackerStep,
  { height, width }: Size,
): Record<string, tf.Tensor> {
  const { stepSize, secondCorrection } = adamStep(step, learningRate);
  return {
    image: tf.tensor4d(images, [count, height, width, 3]),
    label: tf.tensor3d(labels, [count, height, width], 'int32'),
    seed: tf.tensor1d(dropoutSeed(seed, step), 'int32'),
    stepSize: tf.scalar(stepSize),
    secondCorrection: tf.scalar(secondCorrection),
    ...viewTensors(views, count),
  };
}
