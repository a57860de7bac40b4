import assert from 'node:assert/strict';
import { compareLogits } from '../../src/export/compare-logits.js';
import { assertAllClose } from '../support/all-close.js';
import { TOLERANCE } from '../support/tolerances.js';

/** Two pictures of two pixels, three classes: [N=2, K=3, pixels=2]. */
const SIZE = { count: 2, classCount: 3 };
const LOGITS = Float32Array.of(1, -8, 2, 0, 0, 5, /* second picture */ 3, 0, 0, 0, 0, 1);

function changed(changes: Readonly<Record<number, number>>): Float32Array {
  return LOGITS.map((value, i) => changes[i] ?? value);
}

describe('compareLogits', () => {
  it('finds no difference between equal logits', () => {
    const same = { logitDifference: 0, labelAgreement: 1 };
    assert.deepEqual(compareLogits(LOGITS, LOGITS, SIZE), same);
  });

  it('gives the largest difference as a share of the largest expected logit, whatever its sign', () => {
    // Largest |logit| is 8; off by 0.5 and by 2.
    const actual = changed({ 0: 1.5, 6: 5 });
    const { logitDifference } = compareLogits(actual, LOGITS, SIZE);
    assertAllClose([logitDifference], [2 / 8], TOLERANCE.exact);
    // The other way round 8 is the largest as well, but not with a larger logit among the expected.
    const large = compareLogits(LOGITS, changed({ 11: -20 }), SIZE).logitDifference;
    assertAllClose([large], [21 / 20], TOLERANCE.exact);
  });

  it('counts the pixels whose class is the same, picture by picture', () => {
    // Classes are 1, 2 and 0, 2. The last pixel of the second picture becomes class 0.
    const { labelAgreement } = compareLogits(changed({ 7: 2 }), LOGITS, SIZE);
    assert.equal(labelAgreement, 3 / 4);
    assert.equal(compareLogits(changed({ 0: 3, 7: 2 }), LOGITS, SIZE).labelAgreement, 2 / 4);
  });

  it('finds no difference between logits that are all zero', () => {
    const zeros = new Float32Array(12);
    assert.deepEqual(compareLogits(zeros, zeros, SIZE), { logitDifference: 0, labelAgreement: 1 });
    assert.equal(compareLogits(LOGITS, zeros, SIZE).logitDifference, Infinity);
  });

  for (const strange of [NaN, Infinity, -Infinity]) {
    it(`never finds ${strange} within a tolerance`, () => {
      const actual = changed({ 4: strange });
      for (const [a, b] of [
        [actual, LOGITS],
        [LOGITS, actual],
        [actual, actual],
      ] as const) {
        assert.equal(compareLogits(a, b, SIZE).logitDifference <= 1e30, false);
      }
    });
  }
});
