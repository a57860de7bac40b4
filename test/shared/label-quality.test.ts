import {
  addToSoftmin,
  createSoftmin,
  mergeSoftmin,
  softminOf,
} from '../../src/shared/label-quality.js';
import assert from 'node:assert/strict';
import { assertAllClose } from '../support/all-close.js';
import { TOLERANCE } from '../support/tolerances.js';

describe('softminOf', () => {
  it("is cleanlab's softmin: scores weighted by exp((1 − s) / 0.1)", () => {
    // weights exp(0) = 1 and exp(5): (1 · 1 + 0.5 · e⁵) / (1 + e⁵)
    const sums = createSoftmin();
    addToSoftmin(sums, 1);
    const other = createSoftmin();
    addToSoftmin(other, 0.5);
    mergeSoftmin(sums, other);
    const expected = (1 + 0.5 * Math.exp(5)) / (1 + Math.exp(5));
    assertAllClose([softminOf(sums)!], [expected], TOLERANCE.float64Arithmetic);
  });

  it('is null of no scores', () => {
    assert.equal(softminOf(createSoftmin()), null);
  });
});
