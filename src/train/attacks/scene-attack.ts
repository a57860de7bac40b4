import * as tf from '@tensorflow/tfjs';
import type { Scene, Size } from '../../data/dataset.js';
import { takeValues } from '../../graph/take-values.js';
import { SegprobeError } from '../../shared/errors.js';
import { roundWithinBudget } from '../../shared/round-within-budget.js';
import type { AttackerGoal } from '../attackers/goal.js';
import type { Checkpoint } from '../checkpoint.js';
import { createModel } from '../models/index.js';
import { packWeights } from '../packing.js';
import { type Attack, attackBatch, type Effort, JUDGE, type Oracle } from './attack.js';
import { type Goal, type Labels, targeted, untargeted, vanish } from './goal.js';
import { assertBudget, type Budget } from './norm.js';
import { createFrozenVictim } from './victim-oracle.js';

export interface SceneAttackOptions {
  /** The victim whose gradients are followed. */
  readonly victim: Pick<Checkpoint, 'state' | 'weights'> & { readonly weightsFile: string };
  readonly attack: Attack;
  readonly budget: Budget;
  readonly effort: Partial<Effort>;
  readonly goal: AttackerGoal;
  /** The size of the scenes. @defaultValue what the victim was trained at */
  readonly size?: Size;
  /** How many scenes there may be at once. */
  readonly batchSizes: readonly number[];
}

/** An attack by gradients on scenes of 8 bits. The caller disposes it. */
export interface SceneAttack {
  /**
   * Attacks scenes, as many at once as one of the batch sizes.
   *
   * @returns each picture attacked, of 8 bits and within the budget as such, uint8 `[H, W, 3]` flattened.
   * @throws SegprobeError `CANCELLED` between two steps.
   */
  attack(scenes: readonly Scene[], signal?: AbortSignal): Promise<Uint8Array[]>;
  /** Scenes so far by whose clean picture the victim's gradient is 0 everywhere: there an attack by gradients sees nothing. */
  readonly withoutGradient: number;
  dispose(): void;
}

/**
 * Makes an attack by gradients ready, on the backend in use.
 *
 * @throws SegprobeError `USAGE` for a budget that makes no sense, `CHECKPOINT_INVALID` for weights that are not their network's.
 */
export function createSceneAttack(options: SceneAttackOptions): SceneAttack {
  const { victim, attack, effort, goal, batchSizes } = options;
  const budget = wholeSteps(options.budget);
  const { state, weights, weightsFile } = victim;
  const model = createModel(state.config.model, { classCount: state.classes.length });
  const { height, width } = options.size ?? state.config;
  const frozen = createFrozenVictim({
    ...{ height, width, model, batchSizes },
    weights: packWeights(model.spec, weights, weightsFile),
    objectives: [...new Set([attack.objective, JUDGE])],
  });
  let withoutGradient = 0;
  return {
    async attack(scenes, signal) {
      const labels: Labels = {
        shape: [scenes.length, height, width],
        label: concatenate(scenes.map(({ label }) => label)),
        ignoreIndex: state.ignoreIndex,
      };
      const clean = toBatch(scenes, { height, width });
      const oracle = cancellable(frozen.oracle(toGoal(goal, labels, state.classes.length)), signal);
      try {
        const found = await attackBatch(attack, oracle, clean, { ...budget, ...effort });
        withoutGradient += found.withoutGradient;
        const { values } = await takeValues({ values: found.image });
        const perScene = 3 * height * width;
        return scenes.map(({ image }, i) =>
          roundWithinBudget(
            image,
            (values as Float32Array).subarray(i * perScene, (i + 1) * perScene),
            budget,
          ),
        );
      } finally {
        clean.dispose();
      }
    },
    get withoutGradient() {
      return withoutGradient;
    },
    dispose: () => frozen.dispose(),
  };
}

/** Between two steps of 8 bits an L∞ budget buys nothing. */
function wholeSteps(budget: Budget): Budget {
  assertBudget(budget);
  if (budget.norm !== 'linf') return budget;
  const steps = Math.floor(255 * budget.epsilon + 1e-6);
  if (steps > 0) return { ...budget, epsilon: steps / 255 };
  throw new SegprobeError(
    'USAGE',
    `--epsilon: expected at least 1/255, the least step of 8-bit pictures, got ${budget.epsilon}`,
  );
}

/** Pixels without a label, and labels that the victim knows no class for, do not count. */
function toGoal(goal: AttackerGoal, labels: Labels, classCount: number): Goal {
  switch (goal.kind) {
    case 'untargeted':
      return within(untargeted(labels), classCount);
    case 'vanish':
      return within(vanish(labels, goal.classNumber), classCount);
    case 'become': {
      const { label, ignoreIndex } = labels;
      const wanted = label.map((own) => (own === ignoreIndex ? ignoreIndex : goal.classNumber));
      return within(targeted(labels, wanted), classCount);
    }
  }
}

function within(goal: Goal, classCount: number): Goal {
  return { ...goal, label: goal.label.map((own) => (own < classCount ? own : 0)) };
}

function cancellable(oracle: Oracle, signal: AbortSignal | undefined): Oracle {
  return {
    query: (...asked) => {
      if (signal?.aborted) {
        throw new SegprobeError('CANCELLED', 'cancelled', { cause: signal.reason });
      }
      return oracle.query(...asked);
    },
  };
}

function toBatch(scenes: readonly Scene[], { height, width }: Size): tf.Tensor4D {
  const values = new Float32Array(scenes.length * 3 * height * width);
  scenes.forEach(({ image }, i) => {
    const start = i * image.length;
    for (let at = 0; at < image.length; at++) values[start + at] = image[at]! / 255;
  });
  return tf.tensor4d(values, [scenes.length, height, width, 3]);
}

function concatenate(parts: readonly Uint8Array[]): Int32Array {
  const whole = new Int32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
