import { createRandom } from '../../shared/random.js';

/** The grain's side is 2^GRAIN_SHIFT pixels; it repeats beyond. */
export const GRAIN_SHIFT = 7;
export const GRAIN_MASK = (1 << GRAIN_SHIFT) - 1;

/** A tile of numbers in −1..1, the same for all scenes, that gives surfaces their grain. */
export const GRAIN: Float32Array = (() => {
  const random = createRandom(7);
  return Float32Array.from({ length: 1 << (2 * GRAIN_SHIFT) }, () => random() + random() - 1);
})();

/** A number in 0..1 that follows from a point of an integer grid. */
export function hash2(x: number, y: number, seed: number): number {
  let h = Math.imul(x, 0x27d4eb2d) ^ Math.imul(y, 0x165667b1) ^ Math.imul(seed, 0x9e3779b1);
  h = Math.imul(h ^ (h >>> 15), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return ((h ^ (h >>> 16)) >>> 0) / 2 ** 32;
}

/** Value noise in 0..1: the grid's hashes, smoothly interpolated. */
export function valueNoise(x: number, y: number, seed: number): number {
  const [x0, y0] = [Math.floor(x), Math.floor(y)];
  const [u, v] = [smooth(x - x0), smooth(y - y0)];
  const top = hash2(x0, y0, seed) * (1 - u) + hash2(x0 + 1, y0, seed) * u;
  const bottom = hash2(x0, y0 + 1, seed) * (1 - u) + hash2(x0 + 1, y0 + 1, seed) * u;
  return top * (1 - v) + bottom * v;
}

/** Three octaves of {@link valueNoise}, in 0..1. */
export function cloudNoise(x: number, y: number, seed: number): number {
  return (
    (4 * valueNoise(x, y, seed) +
      2 * valueNoise(2 * x, 2 * y, seed + 1) +
      valueNoise(4 * x, 4 * y, seed + 2)) /
    7
  );
}

function smooth(t: number): number {
  return t * t * (3 - 2 * t);
}
