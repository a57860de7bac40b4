import assert from 'node:assert/strict';
import { amplifyChange, gainFor } from '../../src/data/amplify-change.js';

describe('amplifyChange', () => {
  it('shows changes around grey and cuts off what does not fit', () => {
    const [before, after] = [Uint8Array.of(10, 10, 10, 0, 255), Uint8Array.of(10, 14, 6, 255, 0)];
    assert.deepEqual([...amplifyChange(before, after, 8)], [128, 160, 96, 255, 0]);
  });
});

describe('gainFor', () => {
  it('is the greatest whole gain that fits, up to 32', () => {
    const cases = [
      [8 / 255, 15],
      [64 / 255, 1],
      [1, 1],
      [1 / 255, 32],
      [0, 32],
    ] as const;
    for (const [linf, gain] of cases) assert.equal(gainFor(linf), gain, `${linf}`);
  });
});
