import * as tf from '@tensorflow/tfjs';
import { type Attack, choose, keepBetter } from './attack.js';
import { NORM, randomStart, withinBudget } from './norm.js';

/** How much of a step is the gradient's; the rest goes on in the direction of the step before. */
const MOMENTUM = 0.75;
/** A step size is kept while at least this share of the steps since the last checkpoint raised the objective. */
const SUCCESS = 0.75;
/** The checkpoints, in percent of all steps: the first interval, by how much each is shorter than the one before, the least. */
const INTERVAL = { first: 22, shorter: 3, least: 6 } as const;

/** The steps after which {@link apgd} looks whether to halve its step, counted from 1. */
export function checkpoints(steps: number): number[] {
  const found: number[] = [];
  let interval: number = INTERVAL.first;
  for (let percent = interval; percent < 100; percent += interval) {
    found.push(Math.ceil((percent * steps) / 100));
    interval = Math.max(interval - INTERVAL.shorter, INTERVAL.least);
  }
  return [...new Set(found)];
}

/**
 * Auto-PGD: steps with momentum; each image halves its own step and returns to its best picture where the objective no longer
 * rises, so that no step size need be chosen. A `stepSize` is where it begins.
 *
 * @see arXiv:2003.01690
 */
export const apgd: Attack = {
  name: 'apgd',
  objective: 'cross-entropy',
  effort: { steps: 100, restarts: 1 },
  run: async (oracle, clean, { steps, seeds, stepSize, ...budget }) => {
    const count = clean.shape[0];
    const ends = new Set(checkpoints(steps));
    const search = Array.from({ length: count }, () => ({
      step: stepSize ?? 2 * budget.epsilon,
      raised: 0,
      wasHalved: false,
      bestBefore: -Infinity,
    }));
    let image = randomStart(clean, budget, ...seeds);
    let previous = image.clone();
    let answer = await oracle.query('cross-entropy', image, 0);
    let best = { image: image.clone(), objectives: answer.objectives };
    let since = 0;
    for (let i = 1; i <= steps; i++, since++) {
      const next = tf.tidy(() => {
        const lengths = tf.tensor4d(
          search.map(({ step }) => step),
          [count, 1, 1, 1],
        );
        const along = tf.mul(NORM[budget.norm].steepest(answer.gradient), lengths);
        const ascended = withinBudget(tf.add(image, along), clean, budget);
        if (i === 1) return ascended;
        const straight = tf.mul(tf.sub(ascended, image), MOMENTUM);
        const onward = tf.mul(tf.sub(image, previous), 1 - MOMENTUM);
        return withinBudget(tf.add(image, tf.add(straight, onward)), clean, budget);
      });
      tf.dispose([previous, answer.gradient]);
      const { objectives: before } = answer;
      [previous, image] = [image, next];
      answer = await oracle.query('cross-entropy', image, i / steps);
      answer.objectives.forEach((value, n) => (search[n]!.raised += value > before[n]! ? 1 : 0));
      const better = keepBetter({ image, objectives: answer.objectives }, best);
      best.image.dispose();
      best = better;
      if (!ends.has(i)) continue;
      const halved = search.map((own, n) => {
        const stuck = own.raised < SUCCESS * (since + 1);
        const still = !own.wasHalved && own.bestBefore >= best.objectives[n]!;
        const halve = stuck || still;
        if (halve) own.step /= 2;
        [own.wasHalved, own.raised, own.bestBefore] = [halve, 0, best.objectives[n]!];
        return halve;
      });
      since = -1;
      if (!halved.includes(true)) continue;
      // Those that halve go on from their best picture, at rest, by its gradient.
      const [from, rest] = [
        choose(halved, best.image, image),
        choose(halved, best.image, previous),
      ];
      tf.dispose([image, previous, answer.gradient]);
      [image, previous] = [from, rest];
      answer = await oracle.query('cross-entropy', image, i / steps);
    }
    tf.dispose([image, previous, answer.gradient]);
    return best.image;
  },
};
