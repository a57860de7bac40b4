import * as tf from '@tensorflow/tfjs';
import type { Constant, TensorMeta } from '../graph/graph.js';
import type { Program, ProgramFunction, TensorMap } from '../graph/program.js';
import { crossEntropy } from './kernels/cross-entropy.js';
import { softIouLoss } from './kernels/soft-iou.js';
import { growLabels, shrinkLabels } from './kernels/label-stride.js';
import type { Model } from './models/model.js';
import { adam } from './optimizer.js';
import { type PackedWeights, toVector } from './packing.js';
import { createEvaluationPass, createTrainingPass, type PackedTensors } from './pass.js';
import { seenScenes, type ViewSize, viewInputs } from './scene-views.js';

export interface VictimProgramOptions {
  readonly model: Model;
  readonly weights: PackedWeights;
  /** Of the pictures that are predicted, and of the scenes that training gets. */
  readonly height: number;
  readonly width: number;
  /** Training sees each scene as `boxes` and `colors` say, at this size; as it is if absent. */
  readonly views?: ViewSize | undefined;
  /** Keep the exponential moving average of all weights, and predict with it. @defaultValue false */
  readonly averaging?: boolean;
  /** Hardening: whom the victim is trained against. */
  readonly attack?: FrozenAttack | undefined;
  /** One training function is recorded for each: `train/10`, and `train/7` for the last batch of 367 pictures. */
  readonly trainBatchSizes: readonly number[];
  /** One prediction function for each: `predict/10` … */
  readonly predictBatchSizes: readonly number[];
  /** Weight of each class in the loss; 0 ignores it. */
  readonly classWeights: readonly number[];
  /** Only pixels count in the loss whose right class has a probability below this. */
  readonly hardBelow?: number | undefined;
  /** What `softIouLoss` counts in the loss, beside cross entropy; not at all if absent. */
  readonly iouLoss?: number | undefined;
  readonly weightDecay: number;
  /** Also return the gradient, under `gradient` `[parameters]`. @defaultValue false */
  readonly outputGradient?: boolean;
}

/** An attacker that attacks a part of each batch; its weights are state that no function writes. */
export interface FrozenAttack {
  readonly attacker: Model;
  readonly weights: PackedWeights;
  /** Which share of each batch. */
  readonly share: number;
}

/** The state of {@link createVictimProgram}: the network's and the optimiser's, with `averaging` the average, with `attack` the attacker. */
export interface VictimState extends PackedTensors {
  readonly firstMoment: tf.Tensor;
  readonly secondMoment: tf.Tensor;
  readonly averageParameters?: tf.Tensor;
  readonly averageMean?: tf.Tensor;
  readonly averageVariance?: tf.Tensor;
}

/** A scalar that changes from step to step. */
const SCALAR: TensorMeta = { dtype: 'float32', shape: [] };

/**
 * The victim's training step and prediction over one state.
 *
 * - `train/N`: `image` float32 `[N,H,W,3]` in 0..1, `label` int32 `[N,H,W]`, `seed` int32 `[2]`, `stepSize` and `secondCorrection`
 *   as `adamStep` gives them, with `views` also `boxes` float32 `[N,4]` and `colors` float32 `[N,3,4]`, with `averaging` also the
 *   scalar `averageDecay` → `loss`; moves the weights by one step.
 *   With `attack`, the first pictures of the batch are attacked first.
 * - `predict/N`: `image` → `labels` int32 `[N,H,W]`, and `logits` float32 as the model's.
 * - `predict-attacked/N`, with `attack`: the same of the attacked pictures, rounded to 8 bits.
 */
export function createVictimProgram(options: VictimProgramOptions): Program {
  const { weights, height, width } = options;
  const zeros = new Float32Array(weights.parameters.length);
  const image = (count: number): TensorMeta => ({
    dtype: 'float32',
    shape: [count, height, width, 3],
  });
  const [parameters, runningMean, runningVariance] = [
    toVector(weights.parameters),
    toVector(weights.runningMean),
    toVector(weights.runningVariance),
  ];
  const functions: Record<string, ProgramFunction> = {};
  for (const count of options.trainBatchSizes) {
    functions[`train/${count}`] = {
      inputs: {
        image: image(count),
        label: { dtype: 'int32', shape: [count, height, width] },
        seed: { dtype: 'int32', shape: [2] },
        stepSize: SCALAR,
        secondCorrection: SCALAR,
        ...viewInputs(options.views, count),
        ...(options.averaging && { averageDecay: SCALAR }),
      },
      run: trainingStep(options),
    };
  }
  for (const count of options.predictBatchSizes) {
    functions[`predict/${count}`] = {
      inputs: { image: image(count) },
      run: prediction(options),
    };
    if (options.attack !== undefined) {
      functions[`predict-attacked/${count}`] = {
        inputs: { image: image(count) },
        run: attackedPrediction(options, options.attack),
      };
    }
  }
  return {
    state: {
      ...{ parameters, runningMean, runningVariance },
      firstMoment: toVector(zeros),
      secondMoment: toVector(zeros),
      ...(options.averaging && {
        averageParameters: parameters,
        averageMean: runningMean,
        averageVariance: runningVariance,
      }),
      ...(options.attack !== undefined && attackerState(options.attack.weights)),
    },
    functions,
  };
}

function trainingStep(options: VictimProgramOptions): ProgramFunction['run'] {
  const { model, weightDecay, outputGradient = false } = options;
  return (inputs, state) => {
    const before = state as unknown as VictimState;
    const { seed, stepSize, secondCorrection, averageDecay } = inputs as Record<
      'seed' | 'stepSize' | 'secondCorrection' | 'averageDecay',
      tf.Tensor
    >;
    const { image: seen, label } = seenScenes(inputs, options.views);
    const image = options.attack === undefined ? seen : partlyAttacked(seen, state, options.attack);
    const target = shrinkLabels(label, model.outputStride);
    let pass!: ReturnType<typeof createTrainingPass>;
    const lossOf = tf.valueAndGrad((parameters: tf.Tensor) => {
      pass = createTrainingPass(model.spec, parameters, seed);
      const logits = model.forward(image, pass);
      return victimLoss(logits, target, options);
    });
    const { value: loss, grad: gradient } = lossOf(before.parameters);
    const statistics = pass.updatedStatistics(before);
    const moved = adam(before, gradient, { stepSize, secondCorrection }, weightDecay);
    const after = { ...statistics, ...moved };
    return {
      outputs: outputGradient ? { loss, gradient } : { loss },
      state: { ...after, ...(options.averaging && averaged(before, after, averageDecay)) },
    };
  };
}

function victimLoss(
  logits: tf.Tensor4D,
  target: tf.Tensor,
  { classWeights, hardBelow, iouLoss }: VictimProgramOptions,
): tf.Scalar {
  const entropy = crossEntropy(logits, target, tf.tensor1d([...classWeights]), { hardBelow });
  if (iouLoss === undefined) return entropy;
  const counts = tf.tensor1d(classWeights.map((weight) => (weight > 0 ? 1 : 0)));
  return tf.add(entropy, tf.mul(softIouLoss(logits, target, counts), iouLoss));
}

/** An attacker's numbers as the program's state calls them. */
export function attackerState(weights: PackedWeights): Record<string, Constant> {
  return {
    attackerParameters: toVector(weights.parameters),
    attackerMean: toVector(weights.runningMean),
    attackerVariance: toVector(weights.runningVariance),
  };
}

function attacked(image: tf.Tensor4D, state: TensorMap, attacker: Model): tf.Tensor4D {
  const pass = createEvaluationPass(attacker.spec, {
    parameters: state['attackerParameters']!,
    runningMean: state['attackerMean']!,
    runningVariance: state['attackerVariance']!,
  });
  return attacker.forward(image, pass);
}

/** The batch with its first pictures attacked; no gradient flows to the attacker. */
function partlyAttacked(
  image: tf.Tensor4D,
  state: TensorMap,
  { attacker, share }: FrozenAttack,
): tf.Tensor4D {
  const [count] = image.shape;
  const attackedCount = Math.round(share * count);
  if (attackedCount === 0) return image;
  if (attackedCount === count) return attacked(image, state, attacker);
  const [first, others] = tf.split<tf.Tensor4D>(image, [attackedCount, count - attackedCount]);
  return tf.concat([attacked(first!, state, attacker), others!]);
}

/** Moves the average towards the weights after a step. */
function averaged(
  { averageParameters, averageMean, averageVariance }: VictimState,
  { parameters, runningMean, runningVariance }: PackedTensors,
  decay: tf.Tensor,
): Required<Pick<VictimState, 'averageParameters' | 'averageMean' | 'averageVariance'>> {
  const blend = (average: tf.Tensor, value: tf.Tensor): tf.Tensor =>
    tf.add(value, tf.mul(decay, tf.sub(average, value)));
  return {
    averageParameters: blend(averageParameters!, parameters),
    averageMean: blend(averageMean!, runningMean),
    averageVariance: blend(averageVariance!, runningVariance),
  };
}

/** The evaluation-mode forward pass; its `logits` are what export converts to ONNX. */
function prediction({ model, averaging }: VictimProgramOptions): ProgramFunction['run'] {
  return ({ image }, state) => {
    const latest = state as unknown as VictimState;
    const weights = averaging ? averageOf(latest) : latest;
    const pass = createEvaluationPass(model.spec, weights);
    const logits = model.forward(image as tf.Tensor4D, pass);
    const labels = tf.argMax<tf.Tensor3D>(logits, 3);
    return { outputs: { logits, labels: growLabels(labels, model.outputStride) } };
  };
}

function attackedPrediction(
  options: VictimProgramOptions,
  { attacker }: FrozenAttack,
): ProgramFunction['run'] {
  const predict = prediction(options);
  return ({ image }, state) => {
    const picture = attacked(image as tf.Tensor4D, state, attacker);
    return predict({ image: tf.div(tf.round(tf.mul(picture, 255)), 255) }, state);
  };
}

function averageOf(state: VictimState): PackedTensors {
  return {
    parameters: state.averageParameters!,
    runningMean: state.averageMean!,
    runningVariance: state.averageVariance!,
  };
}
