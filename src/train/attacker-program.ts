import * as tf from '@tensorflow/tfjs';
import type { TensorMeta } from '../graph/graph.js';
import type { Program, ProgramFunction } from '../graph/program.js';
import type { AttackerLoss, AttackerLossTerms } from './attackers/loss.js';
import { growLabels, shrinkLabels } from './kernels/label-stride.js';
import type { Model } from './models/model.js';
import { adam } from './optimizer.js';
import { type PackedWeights, toVector } from './packing.js';
import { createEvaluationPass, createTrainingPass, type PackedTensors } from './pass.js';
import { seenScenes, type ViewSize, viewInputs } from './scene-views.js';

export interface AttackerProgramOptions {
  readonly attacker: Model;
  readonly weights: PackedWeights;
  readonly height: number;
  readonly width: number;
  /** One function is recorded for each: `attack/1` … */
  readonly attackBatchSizes: readonly number[];
  /** Whom it attacks, where it is trained or scored: never changed. */
  readonly victim?: { readonly model: Model; readonly weights: PackedWeights } | undefined;
  /** With a victim, one function is recorded for each: `score/10` … */
  readonly scoreBatchSizes?: readonly number[];
  /** Absent where the attacker is only to attack; needs the victim. */
  readonly training?: AttackerTraining | undefined;
}

export interface AttackerTraining {
  readonly loss: AttackerLoss;
  /** One function is recorded for each: `train/10`, and the last batch's. */
  readonly batchSizes: readonly number[];
  /** Weight of each class in the cross entropy; 0 ignores it. */
  readonly classWeights: readonly number[];
  readonly weightDecay: number;
  /** Training sees each scene as `boxes` and `colors` say, at this size; as it is if absent. */
  readonly views?: ViewSize | undefined;
  /** Also return the gradient, under `gradient` `[parameters]`. @defaultValue false */
  readonly outputGradient?: boolean;
}

/** The state of {@link createAttackerProgram}: the attacker's, the optimiser's, and the victim's, which no function writes. */
interface AttackerState extends PackedTensors {
  readonly firstMoment: tf.Tensor;
  readonly secondMoment: tf.Tensor;
  readonly victimParameters: tf.Tensor;
  readonly victimMean: tf.Tensor;
  readonly victimVariance: tf.Tensor;
}

const SCALAR: TensorMeta = { dtype: 'float32', shape: [] };

/**
 * An attacker's training step, its attack, and what the attack does, over one state.
 *
 * - `train/N`: `image` float32 `[N,H,W,3]` in 0..1, `label` int32 `[N,H,W]`, `seed` int32 `[2]`, `stepSize` and `secondCorrection`
 *   as `adamStep` gives them, with `views` also `boxes` float32 `[N,4]` and `colors` float32 `[N,3,4]` → the scalars `loss`,
 *   `distance`, `crossEntropy`; moves the attacker's weights by one step. The victim is in evaluation mode.
 * - `attack/N`: `image` → `attacked`, the same shape, in 0..1.
 * - `score/N`: `image` → of the attacked picture rounded to 8 bits, `labels` int32 `[N,H,W]` as the victim predicts them, and of
 *   its difference to `image` the mean square and the largest, `meanSquare` and `linf` float32 `[N]`.
 */
export function createAttackerProgram(options: AttackerProgramOptions): Program {
  const { attacker, weights, height, width, attackBatchSizes, victim, training } = options;
  const image = (count: number): TensorMeta => ({
    dtype: 'float32',
    shape: [count, height, width, 3],
  });
  const functions: Record<string, ProgramFunction> = {};
  for (const count of attackBatchSizes) {
    functions[`attack/${count}`] = { inputs: { image: image(count) }, run: attack(attacker) };
  }
  const own = {
    parameters: toVector(weights.parameters),
    runningMean: toVector(weights.runningMean),
    runningVariance: toVector(weights.runningVariance),
  };
  if (victim === undefined) return { state: own, functions };
  for (const count of options.scoreBatchSizes ?? []) {
    functions[`score/${count}`] = {
      inputs: { image: image(count) },
      run: scoring(attacker, victim.model),
    };
  }
  for (const count of training?.batchSizes ?? []) {
    functions[`train/${count}`] = {
      inputs: {
        image: image(count),
        label: { dtype: 'int32', shape: [count, height, width] },
        seed: { dtype: 'int32', shape: [2] },
        stepSize: SCALAR,
        secondCorrection: SCALAR,
        ...viewInputs(training!.views, count),
      },
      run: trainingStep(attacker, victim.model, training!),
    };
  }
  const zeros = toVector(new Float32Array(weights.parameters.length));
  return {
    state: {
      ...own,
      ...(training !== undefined && { firstMoment: zeros, secondMoment: zeros }),
      victimParameters: toVector(victim.weights.parameters),
      victimMean: toVector(victim.weights.runningMean),
      victimVariance: toVector(victim.weights.runningVariance),
    },
    functions,
  };
}

/** The evaluation-mode attack; its `attacked` is what export converts to ONNX. */
function attack(attacker: Model): ProgramFunction['run'] {
  return ({ image }, state) => {
    const pass = createEvaluationPass(attacker.spec, state as unknown as PackedTensors);
    return { outputs: { attacked: attacker.forward(image as tf.Tensor4D, pass) } };
  };
}

/** The attack as a picture of 8 bits, and what the victim sees in it. */
function scoring(attacker: Model, victim: Model): ProgramFunction['run'] {
  return ({ image }, state) => {
    const frozen = state as unknown as AttackerState;
    const clean = image as tf.Tensor4D;
    const attacked = attacker.forward(clean, createEvaluationPass(attacker.spec, frozen));
    const rounded = tf.div<tf.Tensor4D>(tf.round(tf.mul(attacked, 255)), 255);
    const difference = tf.sub(rounded, clean);
    const logits = victim.forward(rounded, createEvaluationPass(victim.spec, victimIn(frozen)));
    return {
      outputs: {
        labels: growLabels(tf.argMax<tf.Tensor3D>(logits, 3), victim.outputStride),
        meanSquare: tf.mean(tf.square(difference), [1, 2, 3]),
        linf: tf.max(tf.abs(difference), [1, 2, 3]),
      },
    };
  };
}

function trainingStep(
  attacker: Model,
  victim: Model,
  { loss, classWeights, weightDecay, views, outputGradient = false }: AttackerTraining,
): ProgramFunction['run'] {
  return (inputs, state) => {
    const before = state as unknown as AttackerState;
    const { seed, stepSize, secondCorrection } = inputs as unknown as StepInputs;
    const { image, label: whole } = seenScenes(inputs, views);
    const label = shrinkLabels(whole, victim.outputStride);
    let pass!: ReturnType<typeof createTrainingPass>;
    let terms!: AttackerLossTerms;
    const lossOf = tf.valueAndGrad((parameters: tf.Tensor) => {
      pass = createTrainingPass(attacker.spec, parameters, seed);
      const attacked = attacker.forward(image, pass);
      const frozen = createEvaluationPass(victim.spec, victimIn(before));
      const logits = victim.forward(attacked, frozen);
      const weights = tf.tensor1d([...classWeights]);
      terms = loss({ image, attacked, logits, label, classWeights: weights });
      tf.keep(terms.distance);
      tf.keep(terms.crossEntropy);
      return terms.loss;
    });
    const { value, grad: gradient } = lossOf(before.parameters);
    const [distance, crossEntropy] = [tf.clone(terms.distance), tf.clone(terms.crossEntropy)];
    tf.dispose([terms.distance, terms.crossEntropy]);
    const statistics = pass.updatedStatistics(before);
    const moved = adam(before, gradient, { stepSize, secondCorrection }, weightDecay);
    return {
      outputs: { loss: value, distance, crossEntropy, ...(outputGradient && { gradient }) },
      state: { ...statistics, ...moved },
    };
  };
}

interface StepInputs {
  readonly seed: tf.Tensor;
  readonly stepSize: tf.Tensor;
  readonly secondCorrection: tf.Tensor;
}

function victimIn({ victimParameters, victimMean, victimVariance }: AttackerState): PackedTensors {
  return {
    parameters: victimParameters,
    runningMean: victimMean,
    runningVariance: victimVariance,
  };
}
