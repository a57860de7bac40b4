import assert from 'node:assert/strict';
import { setTimeout } from 'node:timers/promises';
import { HASH_WORDS, hashDistance } from '../../../src/data/check/difference-hash.js';
import { findNearPairs, MAX_DISTANCE } from '../../../src/data/check/near-pairs.js';
import { createRandom } from '../../../src/shared/random.js';

describe('findNearPairs', () => {
  for (const maxDistance of [0, 1, 16, MAX_DISTANCE]) {
    it(`finds every pair of at most ${maxDistance} bits once, as comparing each with each does`, async () => {
      // Families of hashes at distances of up to some 40 bits from each other.
      const random = createRandom(5, maxDistance);
      const bit = (): number => Math.floor(random() * 256);
      const hashes = new Uint32Array(HASH_WORDS * 400);
      for (let i = 0; i < 400; i++) {
        const own = hashAt(hashes, i);
        if (i % 20 > 0) own.set(hashAt(hashes, i - (i % 20)));
        else own.set(own.map(() => Math.floor(random() * 2 ** 32)));
        for (let flips = i % 20; flips > 0; flips--) {
          const at = bit();
          own[at >> 5]! ^= 1 << (at & 31);
        }
      }
      const found: string[] = [];
      await findNearPairs(hashes, {
        maxDistance,
        onPair: (a, b, distance) => found.push(`${a} ${b} ${distance}`),
      });
      const expected: string[] = [];
      for (let b = 0; b < 400; b++) {
        for (let a = 0; a < b; a++) {
          const distance = hashDistance(hashAt(hashes, a), hashAt(hashes, b));
          if (distance <= maxDistance) expected.push(`${a} ${b} ${distance}`);
        }
      }
      assert.deepEqual(found.sort(), expected.sort());
      if (maxDistance === MAX_DISTANCE)
        assert.ok(expected.length > 1000, `${expected.length} pairs`);
    });
  }

  it('finds a pair that differs by 31 bits spread as evenly as can be', async () => {
    const hashes = new Uint32Array(2 * HASH_WORDS);
    // Two bits of each of the 16 parts but one, which has one.
    hashes.set(
      Array.from({ length: HASH_WORDS }, (_, i) => (i === 3 ? 0x00030001 : 0x00030003)),
      HASH_WORDS,
    );
    const found: number[][] = [];
    await findNearPairs(hashes, { maxDistance: 31, onPair: (...pair) => found.push(pair) });
    assert.deepEqual(found, [[0, 1, 31]]);
  });

  it('gives others their turn, tells how far it is, and ends with what they throw', async () => {
    // Nearly alike, so that each is compared with each: some 12 million pairs.
    const hashes = new Uint32Array(HASH_WORDS * 5000);
    for (let i = 0; i < 5000; i++) hashes[HASH_WORDS * i] = i;
    const told: number[][] = [];
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    const onSlice = async (...progress: number[]): Promise<void> => {
      told.push(progress);
      await setTimeout(2);
      if (told.length === 3) throw new Error('enough');
    };
    const search = findNearPairs(hashes, { maxDistance: 31, onPair: () => undefined, onSlice });
    await assert.rejects(search, { message: 'enough' });
    clearInterval(timer);
    assert.ok(turns >= 3, `${turns} turns`);
    assert.equal(told.length, 3);
    for (const [done, total] of told) assert.ok(done! < 5000 && total === 5000);
  });

  it('refuses a distance that it could miss pairs of', () =>
    assert.rejects(
      findNearPairs(new Uint32Array(8), { maxDistance: 32, onPair: () => undefined }),
      RangeError,
    ));
});

function hashAt(hashes: Uint32Array, index: number): Uint32Array {
  return hashes.subarray(HASH_WORDS * index, HASH_WORDS * (index + 1));
}
