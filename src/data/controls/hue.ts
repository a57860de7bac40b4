import { turnHue } from '../../shared/controls.js';
import type { Control } from './control.js';

/** Turns all colours about the grey axis. */
export const hue: Control = {
  name: 'hue',
  unit: 'angle, in degrees',
  range: [0, 180],
  isWhole: false,
  apply: ({ data }, strength) => Promise.resolve(turnHue(data, strength)),
};
