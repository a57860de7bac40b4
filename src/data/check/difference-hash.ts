import type { Size } from '../dataset.js';
import { sharp } from '../sharp.js';

/** A hash is so many 32-bit words. */
export const HASH_WORDS = 8;
const SIDE = 16;
/** A picture whose thumbnail has a smaller range of greys shows nothing to be told apart by. */
const LEAST_RANGE = 4;

/**
 * Describes what a picture shows in 256 bits, each whether of two neighbours in a row of its 17×16 grey thumbnail the right
 * one is lighter. Encoding a picture anew, resizing, lightening or cropping it by a hundredth or two changes few bits, another
 * picture about half of them.
 *
 * @param data - RGB, 8 bits a channel, `[H, W, 3]` flattened.
 * @returns {@link HASH_WORDS} words, bit `x` of row `y` being bit `16 * (y % 2) + x` of word `y / 2`; undefined for a picture
 *   of next to one colour.
 * @see https://www.hackerfactor.com/blog/index.php?/archives/529-Kind-of-Like-That.html
 */
export async function differenceHash(
  data: Uint8Array,
  { width, height }: Size,
): Promise<Uint32Array | undefined> {
  const grey = await sharp(data, { raw: { width, height, channels: 3 } })
    .greyscale()
    .resize(SIDE + 1, SIDE, { fit: 'fill' })
    .raw()
    .toBuffer();
  if (Math.max(...grey) - Math.min(...grey) < LEAST_RANGE) return undefined;
  const hash = new Uint32Array(HASH_WORDS);
  for (let y = 0; y < SIDE; y++) {
    for (let x = 0; x < SIDE; x++) {
      const left = y * (SIDE + 1) + x;
      if (grey[left]! < grey[left + 1]!) hash[y >> 1]! |= 1 << (SIDE * (y % 2) + x);
    }
  }
  return hash;
}

/** In how many bits two hashes differ. */
export function hashDistance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let distance = 0;
  for (let i = 0; i < HASH_WORDS; i++) distance += countBits(a[i]! ^ b[i]!);
  return distance;
}

/** How many bits of a 32-bit word are set: pairs, then fours, then bytes are added side by side. */
export function countBits(word: number): number {
  let sums = word - ((word >>> 1) & 0x55555555);
  sums = (sums & 0x33333333) + ((sums >>> 2) & 0x33333333);
  return Math.imul((sums + (sums >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
