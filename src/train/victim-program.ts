import * as tf from '@tensorflow/tfjs';
import type { Constant, TensorMeta } from '../graph/graph.js';
import type { Program, ProgramFunction } from '../graph/program.js';
import { crossEntropy } from './kernels/cross-entropy.js';
import type { Model } from './models/model.js';
import { adam } from './optimizer.js';
import type { PackedWeights } from './packing.js';
import { createEvaluationPass, createTrainingPass, type PackedTensors } from './pass.js';

export interface VictimProgramOptions {
  readonly model: Model;
  readonly weights: PackedWeights;
  readonly height: number;
  readonly width: number;
  /** One training function is recorded for each: `train/10`, and `train/7` for the last batch of 367 pictures. */
  readonly trainBatchSizes: readonly number[];
  /** One prediction function for each: `predict/10` … */
  readonly predictBatchSizes: readonly number[];
  /** Weight of each class in the loss; 0 ignores it. */
  readonly classWeights: readonly number[];
  readonly weightDecay: number;
  /** Also return the gradient, under `gradient` `[parameters]`. @defaultValue false */
  readonly outputGradient?: boolean;
}

/** The state of {@link createVictimProgram}: the network's and the optimiser's. */
export interface VictimState extends PackedTensors {
  readonly firstMoment: tf.Tensor;
  readonly secondMoment: tf.Tensor;
}

/** A scalar that changes from step to step. */
const SCALAR: TensorMeta = { dtype: 'float32', shape: [] };

/**
 * The victim's training step and prediction over one state.
 *
 * - `train/N`: `image` float32 `[N,H,W,3]` in 0..1, `label` int32 `[N,H,W]`, `seed` int32 `[2]`, `stepSize` and `secondCorrection`
 *   as `adamStep` gives them → `loss`; moves the weights by one step.
 * - `predict/N`: `image` → `labels` int32 `[N,H,W]`, and `logits` float32 `[N,H,W,K]`.
 */
export function createVictimProgram(options: VictimProgramOptions): Program {
  const { weights, height, width } = options;
  const zeros = new Float32Array(weights.parameters.length);
  const image = (count: number): TensorMeta => ({
    dtype: 'float32',
    shape: [count, height, width, 3],
  });
  const functions: Record<string, ProgramFunction> = {};
  for (const count of options.trainBatchSizes) {
    functions[`train/${count}`] = {
      inputs: {
        image: image(count),
        label: { dtype: 'int32', shape: [count, height, width] },
        seed: { dtype: 'int32', shape: [2] },
        stepSize: SCALAR,
        secondCorrection: SCALAR,
      },
      run: trainingStep(options),
    };
  }
  for (const count of options.predictBatchSizes) {
    functions[`predict/${count}`] = {
      inputs: { image: image(count) },
      run: prediction(options.model),
    };
  }
  return {
    state: {
      parameters: vector(weights.parameters),
      runningMean: vector(weights.runningMean),
      runningVariance: vector(weights.runningVariance),
      firstMoment: vector(zeros),
      secondMoment: vector(zeros),
    },
    functions,
  };
}

function trainingStep(options: VictimProgramOptions): ProgramFunction['run'] {
  const { model, classWeights, weightDecay, outputGradient = false } = options;
  return (inputs, state) => {
    const before = state as unknown as VictimState;
    const { image, label, seed, stepSize, secondCorrection } = inputs as Record<
      'image' | 'label' | 'seed' | 'stepSize' | 'secondCorrection',
      tf.Tensor
    >;
    let pass!: ReturnType<typeof createTrainingPass>;
    const lossOf = tf.valueAndGrad((parameters: tf.Tensor) => {
      pass = createTrainingPass(model.spec, parameters, seed);
      const logits = model.forward(image as tf.Tensor4D, pass);
      return crossEntropy(logits, label, tf.tensor1d([...classWeights]));
    });
    const { value: loss, grad: gradient } = lossOf(before.parameters);
    const statistics = pass.updatedStatistics(before);
    const after = adam(before, gradient, { stepSize, secondCorrection }, weightDecay);
    return {
      outputs: outputGradient ? { loss, gradient } : { loss },
      state: { ...statistics, ...after },
    };
  };
}

/** The evaluation-mode forward pass; its `logits` are what export converts to ONNX. */
function prediction(model: Model): ProgramFunction['run'] {
  return ({ image }, state) => {
    const pass = createEvaluationPass(model.spec, state as unknown as PackedTensors);
    const logits = model.forward(image as tf.Tensor4D, pass);
    return { outputs: { logits, labels: tf.argMax(logits, 3) } };
  };
}

function vector(values: Float32Array): Constant {
  return { dtype: 'float32', shape: [values.length], values };
}
