import * as tf from '@tensorflow/tfjs';
import type { Attack } from './attack.js';
import { NORM, randomStart, withinBudget } from './norm.js';
import type { ObjectiveName } from './objective.js';

/** All steps together are so many times as long as the budget, so that they can turn. */
const REACH = 5;

/** Projected gradient descent: steps along the steepest ascent, each brought back into the budget, from a random start. */
function projectedGradient(name: string, objective: ObjectiveName): Attack {
  return {
    name,
    objective,
    effort: { steps: 20, restarts: 1 },
    run: async (oracle, clean, { steps, seeds, stepSize, ...budget }) => {
      const step = stepSize ?? Math.min(budget.epsilon, (REACH * budget.epsilon) / steps);
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
