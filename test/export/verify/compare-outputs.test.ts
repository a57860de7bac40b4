import assert from 'node:assert/strict';
import { compareOutputs } from '../../../src/export/verify/compare-outputs.js';
import { isSegprobeError } from '../../../src/shared/errors.js';
import { TINY_FACTS } from '../../support/tiny-models.js';

const bytesOf = (...values: number[]): Uint8Array =>
  new Uint8Array(Float32Array.from(values).buffer);

describe('compareOutputs', () => {
  const victim = { ...TINY_FACTS, classes: ['a', 'b'] };
  // Two pixels: the first is of class 1 (1 < 2), the second of class 0 (4 > 3).
  const reference = { height: 1, width: 2, outputs: [Float32Array.of(1, 4, 2, 3)] };

  it('compares logits, and the classes of their pixels', () => {
    assert.deepEqual(compareOutputs([bytesOf(1, 4, 2, 3)], reference, victim), {
      agreement: 1,
      largestDifference: 0,
    });
    // The second pixel falls to class 1: 5 > 4. The logit is 2 off, of at most 4.
    assert.deepEqual(compareOutputs([bytesOf(1, 4, 2, 5)], reference, victim), {
      agreement: 0.5,
      largestDifference: 0.5,
    });
  });

  it('compares classes alone where a form gives those', () => {
    assert.deepEqual(compareOutputs([Uint8Array.of(1, 1)], reference, victim), {
      agreement: 0.5,
      largestDifference: null,
    });
  });

  it('compares the colours of an attacker as 8 bits, and as shares of white', () => {
    const attacker = { ...TINY_FACTS, kind: 'attacker' as const };
    const outputs = [Float32Array.of(0, 0.5, 0, 0.5, 0, 0.5)];
    const { agreement, largestDifference } = compareOutputs(
      [bytesOf(0.001, 0.5, 0, 0.5, 0, 0.25)], // 0.001 is black all the same.
      { height: 1, width: 2, outputs },
      attacker,
    );
    assert.equal(agreement, 0.5);
    assert.equal(largestDifference, 0.25);
  });

  it('refuses outputs of another length', () => {
    assert.throws(
      () => compareOutputs([Uint8Array.of(1)], reference, victim),
      (error) => isSegprobeError(error, 'MODEL_INVALID') && /got 1 bytes/.test(error.message),
    );
  });
});
