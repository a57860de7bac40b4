import assert from 'node:assert/strict';
import { scoreSuspect } from '../../../src/inference/audit/rank-suspects.js';
import { createConfusionMatrix } from '../../../src/shared/confusion-matrix.js';
import { assertAllClose } from '../../support/all-close.js';
import { TOLERANCE } from '../../support/tolerances.js';

const REGION = {
  ...{ given: 0, suggested: 1, pixels: 400, depth: 5, margin: 0.9 },
  box: [0, 0, 20, 20],
} as const;

describe('scoreSuspect', () => {
  it('is the evidence by hand, the region itself left out of the odds', () => {
    const matrix = createConfusionMatrix(2);
    matrix.counts.set([9000, 600, 50, 8000]);
    // P(1 | 1) = 8100 / 8250; P(1 | 0) = (600 − 400 + 100) / 9800
    const odds = 8100 / 8250 / (300 / 9800);
    const evidence = 0.9 * Math.log(odds) * Math.log(400);
    const expected = evidence / (10 + evidence);
    assertAllClose([scoreSuspect(REGION, matrix)], [expected], TOLERANCE.float64Arithmetic);
  });

  it('counts little where the victim confuses the two everywhere, and nothing where it says so as often of either', () => {
    const [seldom, often, same] = [400, 5000, 9000].map((confused) => {
      const matrix = createConfusionMatrix(2);
      matrix.counts.set([9400 - confused, confused, 1000, 8000]);
      return scoreSuspect(REGION, matrix);
    });
    assert.ok(seldom! > often! && often! > 0);
    assert.equal(same, 0);
  });
});
