import { createRandom } from '../../shared/random.js';
import type { Control } from './control.js';

/** Adds or subtracts the same amount, at random, from each channel of each pixel: L∞ noise at its full budget. */
export const noise: Control = {
  name: 'noise',
  unit: 'epsilon, in 1/255',
  range: [0, 128],
  isWhole: true,
  apply: ({ data }, strength, seed) => {
    const random = createRandom(seed);
    const change = (value: number): number => value + (random() < 0.5 ? strength : -strength);
    return Promise.resolve(
      Uint8Array.from(data, (value) => Math.min(255, Math.max(0, change(value)))),
    );
  },
};
