import * as tf from '@tensorflow/tfjs';
import { takeValues } from '../../graph/take-values.js';
import { assertBudget, type Budget, withinBudget } from './norm.js';
import type { ObjectiveName } from './objective.js';

/** A victim, a batch of labels and a goal, as an attack sees them. */
export interface Oracle {
  /**
   * Asks how the goal rises.
   *
   * @param image - float32 `[N, H, W, 3]`, RGB in 0..1.
   * @param progress - the share of the attack's steps that are done, 0..1.
   * @returns the gradient of each image's objective by the image, which the caller disposes, and the objectives `[N]`.
   */
  query(objective: ObjectiveName, image: tf.Tensor4D, progress: number): Promise<Answer>;
}

export interface Answer {
  /** float32 `[N, H, W, 3]`. */
  readonly gradient: tf.Tensor4D;
  /** What the attack raises, for each image. */
  readonly objectives: Float32Array;
}

/** How hard an attack tries. */
export interface Effort {
  /** Gradients an image and restart. */
  readonly steps: number;
  /** Length of a step in the budget's norm. @defaultValue the attack's own */
  readonly stepSize?: number | undefined;
  /** How many random starts; the best of each image is kept. */
  readonly restarts: number;
  readonly seed: number;
}

/** One way to look for a perturbation. */
export interface Attack {
  readonly name: string;
  /** What it asks for. */
  readonly objective: ObjectiveName;
  /** What it takes unless told otherwise. */
  readonly effort: Pick<Effort, 'steps' | 'restarts'>;
  /** @returns pictures within the budget, float32 as `clean`; the caller disposes them. */
  run(oracle: Oracle, clean: tf.Tensor4D, plan: AttackPlan): Promise<tf.Tensor4D>;
}

/** What one run of an attack is given. */
export interface AttackPlan extends Budget {
  readonly steps: number;
  readonly stepSize?: number | undefined;
  /** Two numbers that random starts are drawn from. */
  readonly seeds: readonly [seed: number, restart: number];
}

/** What all attacks are judged by, whatever they raise: weighted objectives can fall while the victim gets worse. */
export const JUDGE: ObjectiveName = 'cross-entropy';

export interface Attacked {
  /** float32 `[N, H, W, 3]`; the caller disposes it. */
  readonly image: tf.Tensor4D;
  /** {@link JUDGE}'s value of each image, clean and attacked. */
  readonly before: Float32Array;
  readonly after: Float32Array;
  /** Images by whose clean picture the gradient is 0 everywhere: an attack by gradients cannot begin there. */
  readonly withoutGradient: number;
}

/**
 * Attacks a batch: so many restarts, the best of each image (the clean one if nothing is better), within the budget whatever the
 * attack did.
 *
 * @param clean - float32 `[N, H, W, 3]`, RGB in 0..1.
 * @throws SegprobeError `USAGE` for a budget or an effort that makes no sense.
 */
export async function attackBatch(
  attack: Attack,
  oracle: Oracle,
  clean: tf.Tensor4D,
  { norm, epsilon, ...options }: Budget & Partial<Effort>,
): Promise<Attacked> {
  assertBudget({ norm, epsilon });
  const effort = { seed: 1, ...attack.effort, ...options };
  const first = await oracle.query(JUDGE, clean, 0);
  const withoutGradient = await countZero(first.gradient);
  first.gradient.dispose();
  let best = { image: clean.clone(), objectives: first.objectives };
  for (let restart = 0; restart < effort.restarts; restart++) {
    const seeds = [effort.seed, restart] as const;
    const plan = { norm, epsilon, steps: effort.steps, stepSize: effort.stepSize, seeds };
    const found = await attack.run(oracle, clean, plan);
    const image = withinBudget(found, clean, { norm, epsilon });
    found.dispose();
    const { gradient, objectives } = await oracle.query(JUDGE, image, 1);
    gradient.dispose();
    const better = keepBetter({ image, objectives }, best);
    tf.dispose([image, best.image]);
    best = better;
  }
  return {
    image: best.image,
    before: first.objectives,
    after: best.objectives,
    withoutGradient,
  };
}

/** The same attack, raising something else. */
export function withObjective(attack: Attack, objective: ObjectiveName): Attack {
  return {
    ...attack,
    objective,
    run: (oracle, clean, plan) => {
      const query: Oracle['query'] = (asked, ...rest) =>
        oracle.query(asked === attack.objective ? objective : asked, ...rest);
      return attack.run({ query }, clean, plan);
    },
  };
}

interface Candidates {
  readonly image: tf.Tensor4D;
  readonly objectives: Float32Array;
}

/** Takes each image from whichever has the larger objective. The caller disposes the result. */
export function keepBetter(candidate: Candidates, best: Candidates): Candidates {
  const isBetter = Array.from(candidate.objectives, (value, n) => value > best.objectives[n]!);
  return {
    image: choose(isBetter, candidate.image, best.image),
    objectives: candidate.objectives.map((value, n) => (isBetter[n] ? value : best.objectives[n]!)),
  };
}

/** Image by image the one or the other, float32 `[N, H, W, C]`. The caller disposes the result. */
export function choose(
  first: readonly boolean[],
  one: tf.Tensor4D,
  other: tf.Tensor4D,
): tf.Tensor4D {
  return tf.tidy(() => {
    const condition = tf.tensor4d(first.map(Number), [first.length, 1, 1, 1], 'bool');
    return tf.where(condition, one, other);
  });
}

async function countZero(gradient: tf.Tensor4D): Promise<number> {
  const largest = tf.tidy(() => tf.max(tf.abs(gradient), [1, 2, 3]));
  const values = await takeValues({ largest });
  return values.largest.filter((value) => value === 0).length;
}
