import { countBits, HASH_WORDS } from './difference-hash.js';

const BANDS = 2 * HASH_WORDS;
const BAND_BITS = 16;
const KEYS = 2 ** BAND_BITS;
/** Milliseconds of search between two turns of others. */
const SLICE = 20;
/** Of 16 parts of two hashes that differ in at most 31 bits, one differs in at most one bit. */
export const MAX_DISTANCE = 2 * BANDS - 1;

export interface NearPairsOptions {
  /** At most {@link MAX_DISTANCE}. */
  readonly maxDistance: number;
  /** Called once for each pair, `first < second`. */
  readonly onPair: (first: number, second: number, distance: number) => void;
  /** Awaited between slices of the search, so that others have their turn; what it throws ends the search. */
  readonly onSlice?: ((done: number, total: number) => Promise<void>) | undefined;
}

/**
 * Finds all pairs of hashes that differ in few bits without comparing each with each: hashes are put in buckets by each of
 * their 16-bit parts, and looked for in the buckets of their own parts with at most one bit changed.
 *
 * @param hashes - `count` hashes, all different, of {@link HASH_WORDS} words, one after the other.
 * @throws RangeError for a distance that it could miss pairs of.
 * @see Norouzi, Punjani, Fleet: Fast exact search in Hamming space with multi-index hashing, arXiv:1307.2982
 */
export async function findNearPairs(
  hashes: Uint32Array,
  { maxDistance, onPair, onSlice }: NearPairsOptions,
): Promise<void> {
  if (maxDistance > MAX_DISTANCE) {
    throw new RangeError(`expected a distance of at most ${MAX_DISTANCE}, got ${maxDistance}`);
  }
  const count = hashes.length / HASH_WORDS;
  let began = performance.now();
  for (let band = 0; band < BANDS; band++) {
    const { starts, members } = fillBuckets(hashes, band);
    for (let second = 0; second < count; second++) {
      if (onSlice !== undefined && performance.now() - began > SLICE) {
        await onSlice(Math.floor((band * count + second) / BANDS), count);
        began = performance.now();
      }
      const key = keyOf(hashes, second, band);
      for (let flip = -1; flip < BAND_BITS; flip++) {
        const near = flip < 0 ? key : key ^ (1 << flip);
        // Members of a bucket are in rising order.
        for (let at = starts[near]!; at < starts[near + 1]!; at++) {
          const first = members[at]!;
          if (first >= second) break;
          const distance = distanceUpTo(hashes, first, second, maxDistance);
          if (distance <= maxDistance && !isFoundBefore(hashes, first, second, band)) {
            onPair(first, second, distance);
          }
        }
      }
    }
  }
}

/** Part `band` of a hash, 16 bits. */
function keyOf(hashes: Uint32Array, index: number, band: number): number {
  return (hashes[HASH_WORDS * index + (band >> 1)]! >>> (BAND_BITS * (band % 2))) & (KEYS - 1);
}

/** Sorts the hashes by a part: those of key `k` are `members[starts[k]]` up to `members[starts[k + 1]]`. */
function fillBuckets(
  hashes: Uint32Array,
  band: number,
): { readonly starts: Uint32Array; readonly members: Uint32Array } {
  const count = hashes.length / HASH_WORDS;
  const starts = new Uint32Array(KEYS + 1);
  for (let i = 0; i < count; i++) starts[keyOf(hashes, i, band) + 1]!++;
  for (let key = 0; key < KEYS; key++) starts[key + 1]! += starts[key]!;
  const next = starts.slice();
  const members = new Uint32Array(count);
  for (let i = 0; i < count; i++) members[next[keyOf(hashes, i, band)]!++] = i;
  return { starts, members };
}

/** The distance, or more than `most` as soon as it is that. */
function distanceUpTo(hashes: Uint32Array, first: number, second: number, most: number): number {
  let distance = 0;
  for (let i = 0; i < HASH_WORDS && distance <= most; i++) {
    distance += countBits(hashes[HASH_WORDS * first + i]! ^ hashes[HASH_WORDS * second + i]!);
  }
  return distance;
}

/** Whether an earlier part of the two differs in at most one bit as well. */
function isFoundBefore(hashes: Uint32Array, first: number, second: number, band: number): boolean {
  for (let earlier = 0; earlier < band; earlier++) {
    const bits = keyOf(hashes, first, earlier) ^ keyOf(hashes, second, earlier);
    if ((bits & (bits - 1)) === 0) return true; // none set, or one
  }
  return false;
}
