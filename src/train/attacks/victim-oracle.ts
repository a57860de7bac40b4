import * as tf from '@tensorflow/tfjs';
import type { Size } from '../../data/dataset.js';
import type { Constant } from '../../graph/graph.js';
import type { Program, ProgramFunction, ProgramRunner } from '../../graph/program.js';
import { takeValues } from '../../graph/take-values.js';
import { createRunner } from '../device.js';
import type { Model } from '../models/model.js';
import type { PackedWeights } from '../packing.js';
import { createEvaluationPass, type PackedTensors } from '../pass.js';
import type { Answer, Oracle } from './attack.js';
import type { Goal } from './goal.js';
import { attackObjective, type ObjectiveName } from './objective.js';

export interface FrozenVictimOptions extends Size {
  readonly model: Model;
  readonly weights: PackedWeights;
  /** One function is recorded for each and each objective: `gradient/margin/4`. */
  readonly batchSizes: readonly number[];
  readonly objectives: readonly ObjectiveName[];
}

/** A victim in evaluation mode that never changes: attacks ask it for gradients by the picture. The caller disposes it. */
export interface FrozenVictim {
  /** The victim as an attack on one batch sees it. */
  oracle(goal: Goal): Oracle;
  dispose(): void;
}

/** Makes a victim ready to be attacked, on the backend in use. */
export function createFrozenVictim(options: FrozenVictimOptions): FrozenVictim {
  const runner = createRunner(createGradientProgram(options));
  return {
    oracle: (goal) => ({
      query: (objective, image, progress) => query(runner, goal, { objective, image, progress }),
    }),
    dispose: () => runner.dispose(),
  };
}

/**
 * The gradient of an attack's objective by the picture, the victim in evaluation mode.
 *
 * `gradient/OBJECTIVE/N`: `image` float32 `[N,H,W,3]`, `label` int32 `[N,H,W]`, `weight` float32 `[N,H,W]`, the scalars `progress`
 * and `sign` (−1 leads towards the labels) → `gradient` float32 `[N,H,W,3]`, `objectives` float32 `[N]`. No state changes.
 */
export function createGradientProgram(options: FrozenVictimOptions): Program {
  const { height, width, weights } = options;
  const functions = options.objectives.flatMap((objective) =>
    options.batchSizes.map((count): [string, ProgramFunction] => [
      functionName(objective, count),
      {
        inputs: {
          image: { dtype: 'float32', shape: [count, height, width, 3] },
          label: { dtype: 'int32', shape: [count, height, width] },
          weight: { dtype: 'float32', shape: [count, height, width] },
          progress: { dtype: 'float32', shape: [] },
          sign: { dtype: 'float32', shape: [] },
        },
        run: gradientOf(options.model, objective),
      },
    ]),
  );
  return {
    state: {
      parameters: vector(weights.parameters),
      runningMean: vector(weights.runningMean),
      runningVariance: vector(weights.runningVariance),
    },
    functions: Object.fromEntries(functions),
  };
}

function gradientOf(model: Model, objective: ObjectiveName): ProgramFunction['run'] {
  return (inputs, state) => {
    const { image, label, weight, progress, sign } = inputs as Record<
      'image' | 'label' | 'weight' | 'progress' | 'sign',
      tf.Tensor
    >;
    let objectives!: tf.Tensor;
    const raised = tf.grad((x: tf.Tensor) => {
      const pass = createEvaluationPass(model.spec, state as unknown as PackedTensors);
      const logits = model.forward(x as tf.Tensor4D, pass);
      objectives = tf.keep(attackObjective(objective, logits, { label, weight, progress, sign }));
      return tf.sum(objectives);
    });
    const outputs = { gradient: raised(image), objectives: tf.clone(objectives) };
    objectives.dispose();
    return { outputs };
  };
}

async function query(
  runner: ProgramRunner,
  { label, weight, sign, shape }: Goal,
  asked: { objective: ObjectiveName; image: tf.Tensor4D; progress: number },
): Promise<Answer> {
  const { objective, image, progress } = asked;
  const inputs = {
    image,
    label: tf.tensor3d(label, shape, 'int32'),
    weight: tf.tensor3d(weight, shape),
    progress: tf.scalar(progress),
    sign: tf.scalar(sign),
  };
  const outputs = runner.run(functionName(objective, shape[0]), inputs);
  tf.dispose([inputs.label, inputs.weight, inputs.progress, inputs.sign]);
  const { gradient, objectives } = outputs as Record<'gradient' | 'objectives', tf.Tensor>;
  const values = await takeValues({ objectives });
  return { gradient: gradient as tf.Tensor4D, objectives: values.objectives as Float32Array };
}

function functionName(objective: ObjectiveName, count: number): string {
  return `gradient/${objective}/${count}`;
}

function vector(values: Float32Array): Constant {
  return { dtype: 'float32', shape: [values.length], values };
}
