import type { Weights } from './graph-editor.js';

/**
 * Filters over the four places of 2×2 squares: channel `p · C + c` is channel c at place p = 2 · (row & 1) + (column & 1).
 */

/** The same numbers for each of the four places: a bias, or a filter of a convolution in four groups. */
export function inPlaces({ shape, values }: Weights): Weights {
  const repeated = new Float32Array(4 * values.length);
  for (let place = 0; place < 4; place++) repeated.set(values, place * values.length);
  return { shape: [4 * shape[0]!, ...shape.slice(1)], values: repeated };
}

/** A 1×1 filter `[K, C, 1, 1]` for each of the four places, zeros between them: `[4K, 4C, 1, 1]`. */
export function inPlacesDense({ shape, values }: Weights): Weights {
  const [outputs, inputs] = shape as [number, number];
  const wide = new Float32Array(16 * outputs * inputs);
  for (let place = 0; place < 4; place++)
    for (let k = 0; k < outputs; k++) {
      const row = (place * outputs + k) * 4 * inputs + place * inputs;
      wide.set(values.subarray(k * inputs, (k + 1) * inputs), row);
    }
  return { shape: [4 * outputs, 4 * inputs, 1, 1], values: wide };
}

/**
 * A 3×3 filter `[K, C, 3, 3]`, padded by one, as a 3×3 filter over squares: `[4K, 4C, 3, 3]`. Row 2i + p of the picture takes row
 * 2i + p + d, which is place (p + d) & 1 of square i + ⌊(p + d) / 2⌋.
 */
export function inPlacesWide({ shape, values }: Weights): Weights {
  const [outputs, inputs] = shape as [number, number];
  const wide = new Float32Array(16 * values.length);
  for (let place = 0; place < 4; place++)
    for (let k = 0; k < outputs; k++)
      for (let c = 0; c < inputs; c++)
        for (let tap = 0; tap < 9; tap++) {
          const y = (place >> 1) + Math.floor(tap / 3) - 1;
          const x = (place & 1) + (tap % 3) - 1;
          const from = 2 * (y & 1) + (x & 1);
          const at = 3 * ((y >> 1) + 1) + (x >> 1) + 1;
          const row = (place * outputs + k) * 4 * inputs + from * inputs + c;
          wide[9 * row + at] = values[9 * (k * inputs + c) + tap]!;
        }
  return { shape: [4 * outputs, 4 * inputs, 3, 3], values: wide };
}
