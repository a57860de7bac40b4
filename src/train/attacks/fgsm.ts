import * as tf from '@tensorflow/tfjs';
import type { Attack } from './attack.js';
import { NORM, withinBudget } from './norm.js';

/**
 * The fast gradient sign method: one step of the whole budget, from the clean picture. It has no use for `steps` and seeds.
 *
 * @see arXiv:1412.6572
 */
export const fgsm: Attack = {
  name: 'fgsm',
  objective: 'cross-entropy',
  effort: { steps: 1, restarts: 1 },
  run: async (oracle, clean, budget) => {
    const { gradient } = await oracle.query('cross-entropy', clean, 0);
    const image = tf.tidy(() => {
      const direction = NORM[budget.norm].steepest(gradient);
      return withinBudget(tf.add(clean, tf.mul(direction, budget.epsilon)), clean, budget);
    });
    gradient.dispose();
    return image;
  },
};
