import assert from 'node:assert/strict';
import { createRandom, shuffledIndices } from '../../src/shared/random.js';

describe('createRandom', () => {
  it('gives these numbers for ever: runs are repeated by seed', () => {
    const words = (...seeds: number[]): number[] => {
      const random = createRandom(...seeds);
      return Array.from({ length: 4 }, () => random() * 2 ** 32);
    };
    assert.deepEqual(words(0), [938258580, 3709249313, 3257381226, 3233285821]);
    assert.deepEqual(words(1, 2, 3), [4012843464, 2665213875, 2536725204, 2474176486]);
    assert.deepEqual(words(), [189441948, 2745054742, 2630220930, 2543277100]);
  });

  it('gives each list of seeds its own sequence, negative and large ones too', () => {
    const lists = [[], [0], [0, 0], [1], [0, 1], [1, 0], [-1], [2 ** 32], [2 ** 32 + 1], [2 ** 40]];
    const firsts = lists.map((seeds) => createRandom(...seeds)());
    assert.equal(new Set(firsts).size, lists.length);
  });

  it('stays in [0, 1) and fills it evenly', () => {
    const random = createRandom(7);
    const tenths = new Array<number>(10).fill(0);
    let sum = 0;
    for (let i = 0; i < 100_000; i++) {
      const value = random();
      assert.ok(value >= 0 && value < 1);
      tenths[Math.floor(value * 10)]!++;
      sum += value;
    }
    // Standard deviations: of a tenth's count √(100000 · 0.1 · 0.9) = 95, of the mean √(1/12 / 100000) = 0.0009.
    for (const count of tenths) assert.ok(Math.abs(count - 10_000) < 5 * 95, `${tenths.join()}`);
    assert.ok(Math.abs(sum / 100_000 - 0.5) < 5 * 0.0009);
  });
});

describe('shuffledIndices', () => {
  it('gives every number once', () => {
    const order = shuffledIndices(100, createRandom(3));
    assert.deepEqual(
      order.toSorted((a, b) => a - b),
      Array.from({ length: 100 }, (_, i) => i),
    );
    assert.deepEqual(shuffledIndices(0, createRandom(3)), []);
  });

  it('swaps each place, from the last on, with one drawn from those not yet done', () => {
    // Draws 0.5, 0, 0.99: place 3 with floor(0.5 · 4) = 2: 0 1 3 2; place 2 with 0: 3 1 0 2; place 1 with itself.
    const draws = [0.5, 0, 0.99];
    assert.deepEqual(
      shuffledIndices(4, () => draws.shift()!),
      [3, 1, 0, 2],
    );
    assert.deepEqual(draws, []);
  });

  it('gives all orders of three equally often', () => {
    const random = createRandom(11);
    const seen = new Map<string, number>();
    for (let i = 0; i < 6000; i++) {
      const order = shuffledIndices(3, random).join('');
      seen.set(order, (seen.get(order) ?? 0) + 1);
    }
    assert.equal(seen.size, 6);
    // The standard deviation of each count is √(6000 · 1/6 · 5/6) = 29.
    for (const [order, count] of seen)
      assert.ok(Math.abs(count - 1000) < 5 * 29, `${order}: ${count}`);
  });
});
