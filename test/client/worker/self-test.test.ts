import assert from 'node:assert/strict';
import { compareAnswers } from '../../../src/client/worker/self-test.js';

const PIXELS = 2000;
const stored = (value: number) => ({
  height: 1,
  width: PIXELS,
  data: new Uint8Array(3 * PIXELS).fill(value),
});

describe('compareAnswers', () => {
  it('lets a label in a thousand be another, and no more', () => {
    const labels = new Uint8Array(PIXELS).fill(7);
    labels.set([1, 2]);
    assert.equal(compareAnswers(labels, stored(7)), null);
    labels.set([1, 2, 3]);
    assert.match(compareAnswers(labels, stored(7))!, /^0\.[12] % of what it computes is wrong/);
  });

  it('lets the values of an attacked picture be a step of 8 bits off', () => {
    const picture = new Uint8Array(3 * PIXELS).fill(8);
    assert.equal(compareAnswers(picture, stored(7)), null);
    assert.match(compareAnswers(picture, stored(5))!, /^100\.0 % of what it computes is wrong/);
  });
});
