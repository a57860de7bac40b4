import assert from 'node:assert/strict';
import {
  addToSoftmin,
  createSoftmin,
  labelQuality,
  mergeSoftmin,
} from '../../src/shared/label-quality.js';
import { assertAllClose } from '../support/all-close.js';
import { TOLERANCE } from '../support/tolerances.js';

const IGNORED = 2;

describe('labelQuality', () => {
  it("is cleanlab's softmin of all and of each class: scores weighted by exp((1 − s) / 0.1)", () => {
    const sums = createSoftmin(3);
    addToSoftmin(sums, Uint8Array.of(0, IGNORED), Float32Array.of(1, 0), IGNORED);
    const other = createSoftmin(3);
    addToSoftmin(other, Uint8Array.of(0, 1), Float32Array.of(0.5, 0.25), IGNORED);
    mergeSoftmin(sums, other);
    const { all, byClass } = labelQuality(sums);
    // weights exp(0) = 1, exp(5) and exp(7.5)
    const [five, more] = [Math.exp(5), Math.exp(7.5)];
    const mean = (1 + 0.5 * five + 0.25 * more) / (1 + five + more);
    assertAllClose([all!], [mean], TOLERANCE.float64Arithmetic);
    assertAllClose([byClass[0]!], [(1 + 0.5 * five) / (1 + five)], TOLERANCE.float64Arithmetic);
    assertAllClose([byClass[1]!], [0.25], TOLERANCE.float64Arithmetic);
    assert.equal(byClass[2], null);
  });

  it('weighs scores next to 1 as exactly', () => {
    const scores = Float32Array.from({ length: 1000 }, (_, i) => 1 - i * 2e-7);
    const sums = createSoftmin(1);
    addToSoftmin(sums, new Uint8Array(scores.length), scores, IGNORED);
    const expected = scores.reduce((sum, score) => sum + Math.exp((1 - score) / 0.1), 0);
    assertAllClose([sums.weights[0]!], [expected], { rtol: 1e-9, atol: 0 });
  });

  it('is null of no scores', () => {
    assert.deepEqual(labelQuality(createSoftmin(1)), { all: null, byClass: [null] });
  });
});
