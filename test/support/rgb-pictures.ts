import { sharp } from '../../src/data/sharp.js';
import type { RgbPicture } from '../../src/inference/resize-picture.js';

/** Pixels drawn by a formula: strongest channel and values change from pixel to pixel, some channels tie. */
export function testPicture(width: number, height: number, seed = 0): RgbPicture {
  const data = new Uint8Array(width * height * 3);
  for (let i = 0; i < data.length; i++) data[i] = ((i + seed) * 2654435761) >>> 26;
  return { width, height, data };
}

/** The class that the tiny victim gives each pixel, by hand: the strongest channel, the first of equal ones. */
export function strongestChannel({ data }: RgbPicture): Uint8Array {
  const labels = new Uint8Array(data.length / 3);
  for (let i = 0; i < labels.length; i++) {
    const [red, green, blue] = [data[3 * i]!, data[3 * i + 1]!, data[3 * i + 2]!];
    labels[i] = red >= green && red >= blue ? 0 : green >= blue ? 1 : 2;
  }
  return labels;
}

/** Encodes a picture without loss. */
export function toPng({ width, height, data }: RgbPicture): Promise<Buffer> {
  return sharp(data, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
}
