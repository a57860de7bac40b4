import assert from 'node:assert/strict';
import { CAMVID } from '../../../src/shared/classes.js';
import {
  createConfusionMatrix,
  countPixels,
  scoresOf,
} from '../../../src/shared/confusion-matrix.js';
import { isSegprobeError } from '../../../src/shared/errors.js';
import { goalScore, parseGoal } from '../../../src/train/attackers/goal.js';

describe('parseGoal', () => {
  it('reads all three', () => {
    assert.deepEqual(parseGoal('untargeted', CAMVID), { kind: 'untargeted' });
    assert.deepEqual(parseGoal('vanish:pedestrian', CAMVID), { kind: 'vanish', classNumber: 9 });
    assert.deepEqual(parseGoal('become:road', CAMVID), { kind: 'become', classNumber: 3 });
  });

  for (const [text, message] of [
    ['vanish', /expected untargeted, vanish:CLASS or become:CLASS, got vanish/],
    ['vanish:dragon', /expected one of sky, .*, bicyclist, got dragon/],
    ['become:unlabeled', /expected one of .*, got unlabeled/],
  ] as const) {
    it(`refuses ${text}`, () => {
      assert.throws(
        () => parseGoal(text, CAMVID),
        (error) => isSegprobeError(error, 'USAGE') && message.test(error.message),
      );
    });
  }
});

describe('goalScore', () => {
  it('is what the attack is to lower', () => {
    const matrix = createConfusionMatrix(3);
    // Class 2 is ignored: five pixels count.
    countPixels(matrix, Uint8Array.of(0, 0, 1, 1, 1, 2), Uint8Array.of(0, 1, 1, 1, 0, 0), 2);
    const scores = scoresOf(matrix, 2);
    const found = [
      goalScore({ kind: 'untargeted' }, scores),
      goalScore({ kind: 'vanish', classNumber: 1 }, scores),
      goalScore({ kind: 'become', classNumber: 1 }, scores),
    ];
    assert.deepEqual(found, [(1 / 3 + 2 / 4) / 2, 2 / 4, 1 - 3 / 5]);
  });
});
