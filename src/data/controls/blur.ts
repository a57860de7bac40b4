import { sharp } from '../sharp.js';
import type { Control } from './control.js';

/** The least sigma that sharp takes. */
const LEAST = 0.3;

/** Blurs by a Gaussian. */
export const blur: Control = {
  name: 'blur',
  unit: 'sigma, in pixels',
  range: [LEAST, 40],
  isWhole: false,
  apply: ({ data, width, height }, strength) =>
    sharp(data, { raw: { width, height, channels: 3 } })
      .blur(Math.max(LEAST, strength))
      .raw({ depth: 'uchar' })
      .toBuffer(),
};
