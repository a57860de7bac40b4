import { addSignNoise } from '../../shared/controls.js';
import type { Control } from './control.js';

/** Adds or subtracts the same amount, at random, from each channel of each pixel: L∞ noise at its full budget. */
export const noise: Control = {
  name: 'noise',
  unit: 'epsilon, in 1/255',
  range: [0, 128],
  isWhole: true,
  apply: ({ data }, strength, seed) => Promise.resolve(addSignNoise(data, strength, seed)),
};
