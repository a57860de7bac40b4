import * as tf from '@tensorflow/tfjs';
import type { Attack } from './attack.js';
import { NORM, randomStart, withinBudget } from './norm.js';
import type { ObjectiveName } from './objective.js';

/**
 * How long a step is unless told otherwise: a quarter of the budget, as long as all steps together are at least 2.5 times as long as
 * the budget, so that they can turn, and at most 5 times, so that many steps are fine ones.
 */
function usualStep(epsilon: number, steps: number): number {
  const [least, most] = [2.5 / steps, 5 / steps];
  return epsilon * Math.min(1, Math.max(least, Math.min(most, 1 / 4)));
}

/** Projected gradient descent: steps along the steepest ascent, each brought back into the budget, from a random start. */
function projectedGradient(name: string, objective: ObjectiveName): Attack {
  return {
    name,
    objective,
    effort: { steps: 20, restarts: 1 },
    run: async (oracle, clean, { steps, seeds, stepSize, ...budget }) => {
      const step = stepSize ?? usualStep(budget.epsilon, steps);
      let image = randomStart(clean, budget, ...seeds);
      for (let i = 0; i < steps; i++) {
        const { gradient } = await oracle.query(objective, image, i / steps);
        const next = tf.tidy(() => {
          const direction = NORM[budget.norm].steepest(gradient);
          return withinBudget(tf.add(image, tf.mul(direction, step)), clean, budget);
        });
        tf.dispose([image, gradient]);
        image = next;
      }
      return image;
    },
  };
}

/** @see arXiv:1706.06083 */
export const pgd = projectedGradient('pgd', 'cross-entropy');

/** @see arXiv:2207.12391 */
export const segpgd = projectedGradient('segpgd', 'segpgd');

/** @see arXiv:2302.02213 */
export const cospgd = projectedGradient('cospgd', 'cospgd');
