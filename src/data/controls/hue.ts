import { hueRotation } from '../../shared/hue.js';
import type { Control } from './control.js';

/** Turns all colours about the grey axis. */
export const hue: Control = {
  name: 'hue',
  unit: 'angle, in degrees',
  range: [0, 180],
  isWhole: false,
  apply: ({ data }, strength) => {
    const rows = hueRotation((strength * Math.PI) / 180);
    const turned = new Uint8ClampedArray(data.length);
    for (let i = 0; i < data.length; i += 3) {
      const [red, green, blue] = [data[i]!, data[i + 1]!, data[i + 2]!];
      for (let c = 0; c < 3; c++) {
        const [r, g, b] = rows[c] as [number, number, number];
        turned[i + c] = r * red + g * green + b * blue;
      }
    }
    return Promise.resolve(new Uint8Array(turned.buffer));
  },
};
