import { sharp } from '../sharp.js';
import type { Control } from './control.js';

/** Writes the picture as JPEG and reads it again. */
export const jpeg: Control = {
  name: 'jpeg',
  unit: '100 − quality',
  range: [0, 99],
  isWhole: true,
  apply: async ({ data, width, height }, strength) => {
    const file = await sharp(data, { raw: { width, height, channels: 3 } })
      .jpeg({ quality: 100 - strength })
      .toBuffer();
    return sharp(file).raw({ depth: 'uchar' }).toBuffer();
  },
};
