import { hueRotation } from './hue.js';
import { createRandom } from './random.js';

/**
 * Adds or subtracts the same amount, at random, from each channel of each pixel: L∞ noise at its full budget.
 *
 * @param rgb - uint8, any shape.
 * @param amount - in 1/255; what leaves 0..255 is cut off.
 * @returns a new array of the same length.
 */
export function addSignNoise(rgb: Uint8Array, amount: number, seed: number): Uint8Array {
  const random = createRandom(seed);
  const change = (value: number): number => value + (random() < 0.5 ? amount : -amount);
  return Uint8Array.from(rgb, (value) => Math.min(255, Math.max(0, change(value))));
}

/**
 * Turns all colours about the grey axis.
 *
 * @param rgb - uint8 `[H, W, 3]` flattened.
 * @returns a new array of the same shape; what leaves 0..255 is cut off.
 */
export function turnHue(rgb: Uint8Array, degrees: number): Uint8Array {
  const rows = hueRotation((degrees * Math.PI) / 180);
  const turned = new Uint8ClampedArray(rgb.length);
  for (let i = 0; i < rgb.length; i += 3) {
    const [red, green, blue] = [rgb[i]!, rgb[i + 1]!, rgb[i + 2]!];
    for (let c = 0; c < 3; c++) {
      const [r, g, b] = rows[c] as [number, number, number];
      turned[i + c] = r * red + g * green + b * blue;
    }
  }
  return new Uint8Array(turned.buffer);
}
