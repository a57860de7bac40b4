import * as tf from '@tensorflow/tfjs';
import type { TensorMeta } from '../graph/graph.js';
import type { Program, ProgramFunction } from '../graph/program.js';
import type { AttackerLoss, AttackerLossTerms } from './attackers/loss.js';
import type { Model } from './models/model.js';
import { adam } from './optimizer.js';
import { type PackedWeights, toVector } from './packing.js';
import { createEvaluationPass, createTrainingPass, type PackedTensors } from './pass.js';

export interface AttackerProgramOptions {
  readonly attacker: Model;
  readonly weights: PackedWeights;
  readonly height: number;
  readonly width: number;
  /** One function is recorded for each: `attack/1` … */
  readonly attackBatchSizes: readonly number[];
  /** Absent where the attacker is only to attack. */
  readonly training?: AttackerTraining | undefined;
}

export interface AttackerTraining {
  /** Whom the attacker is trained against: never changed. */
  readonly victim: { readonly model: Model; readonly weights: PackedWeights };
  readonly loss: AttackerLoss;
  /** One function is recorded for each: `train/10`, and the last batch's. */
  readonly batchSizes: readonly number[];
  /** Weight of each class in the cross entropy; 0 ignores it. */
  readonly classWeights: readonly number[];
  readonly weightDecay: number;
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
 * An attacker's training step and attack over one state.
 *
 * - `train/N`: `image` float32 `[N,H,W,3]` in 0..1, `label` int32 `[N,H,W]`, `seed` int32 `[2]`, `stepSize` and `secondCorrection`
 *   as `adamStep` gives them → the scalars `loss`, `distance`, `crossEntropy`; moves the attacker's weights by one step. The
 *   victim is in evaluation mode.
 * - `attack/N`: `image` → `attacked`, the same shape, in 0..1.
 */
export function createAttackerProgram(options: AttackerProgramOptions): Program {
  const { attacker, weights, height, width, attackBatchSizes, training } = options;
  const image = (count: number): TensorMeta => ({
    dtype: 'float32',
    shape: [count, height, width, 3],
  });
  const attacks = attackBatchSizes.map((count): [string, ProgramFunction] => [
    `attack/${count}`,
    { inputs: { image: image(count) }, run: attack(attacker) },
  ]);
  const own = {
    parameters: toVector(weights.parameters),
    runningMean: toVector(weights.runningMean),
    runningVariance: toVector(weights.runningVariance),
  };
  if (training === undefined) return { state: own, functions: Object.fromEntries(attacks) };
  const { victim, batchSizes } = training;
  const steps = batchSizes.map((count): [string, ProgramFunction] => [
    `train/${count}`,
    {
      inputs: {
        image: image(count),
        label: { dtype: 'int32', shape: [count, height, width] },
        seed: { dtype: 'int32', shape: [2] },
        stepSize: SCALAR,
        secondCorrection: SCALAR,
      },
      run: trainingStep(attacker, training),
    },
  ]);
  const zeros = toVector(new Float32Array(weights.parameters.length));
  return {
    state: {
      ...own,
      firstMoment: zeros,
      secondMoment: zeros,
      victimParameters: toVector(victim.weights.parameters),
      victimMean: toVector(victim.weights.runningMean),
      victimVariance: toVector(victim.weights.runningVariance),
    },
    functions: Object.fromEntries([...steps, ...attacks]),
  };
}

/** The evaluation-mode attack; its `attacked` is what export converts to ONNX. */
function attack(attacker: Model): ProgramFunction['run'] {
  return ({ image }, state) => {
    const pass = createEvaluationPass(attacker.spec, state as unknown as PackedTensors);
    return { outputs: { attacked: attacker.forward(image as tf.Tensor4D, pass) } };
  };
}

function trainingStep(
  attacker: Model,
  { victim, loss, classWeights, weightDecay, outputGradient = false }: AttackerTraining,
): ProgramFunction['run'] {
  return (inputs, state) => {
    const before = state as unknown as AttackerState;
    const { image, label, seed, stepSize, secondCorrection } = inputs as unknown as StepInputs;
    let pass!: ReturnType<typeof createTrainingPass>;
    let terms!: AttackerLossTerms;
    const lossOf = tf.valueAndGrad((parameters: tf.Tensor) => {
      pass = createTrainingPass(attacker.spec, parameters, seed);
      const attacked = attacker.forward(image, pass);
      const frozen = createEvaluationPass(victim.model.spec, victimIn(before));
      const logits = victim.model.forward(attacked, frozen);
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
  readonly image: tf.Tensor4D;
  readonly label: tf.Tensor3D;
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
