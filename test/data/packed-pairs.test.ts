import assert from 'node:assert/strict';
import { packPairs } from '../../src/data/packed-pairs.js';

describe('packPairs', () => {
  const pairs = ['a', 'straße 3', '街景', ''].map((name) => ({
    name,
    picture: `/data/pictures/${name}.jpg`,
    label: `/data/labels/${name}.png`,
  }));

  it('gives the scenes back by index, in any order', () => {
    const packed = packPairs(pairs);
    assert.equal(packed.length, pairs.length);
    for (const index of [3, 0, 2, 1, 2]) assert.deepEqual(packed.at(index), pairs[index]);
  });

  it('refuses an index that there is none of', () => {
    const packed = packPairs(pairs);
    for (const index of [-1, 4, 0.5]) {
      assert.throws(() => packed.at(index), {
        name: 'RangeError',
        message: `expected a scene below 4, got ${index}`,
      });
    }
    assert.equal(packPairs([]).length, 0);
  });
});
