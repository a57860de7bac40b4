import assert from 'node:assert/strict';
import { splitFolds } from '../../src/data/split-folds.js';
import type { SegprobeError } from '../../src/shared/errors.js';

const frames = (video: string, from: number, count: number): string[] =>
  Array.from({ length: count }, (_, i) => `${video}_${String(from + i).padStart(5, '0')}`);

describe('splitFolds', () => {
  it('takes every scene once, in runs of neighbours by name, whatever their order', () => {
    const names = frames('a', 1, 11).reverse();
    const folds = splitFolds(names, 3);
    assert.deepEqual(
      folds.map((fold) => fold.map((i) => names[i])),
      [frames('a', 1, 4), frames('a', 5, 3), frames('a', 8, 4)],
    );
  });

  it('cuts between two videos, and where frames are left out, when one is near', () => {
    // Ideal cuts would be after 40 and 80 of 120.
    const names = [...frames('a', 1, 37), ...frames('b', 1, 40), ...frames('b', 90, 43)];
    const lengths = splitFolds(names, 3).map((fold) => fold.length);
    assert.deepEqual(lengths, [37, 40, 43]);
  });

  it('cuts evenly where no border is near, and numbers sort as numbers', () => {
    const names = Array.from({ length: 20 }, (_, i) => `scene${i}`);
    assert.deepEqual(
      splitFolds(names, 2).map((fold) => fold.map((i) => names[i])),
      [names.slice(0, 10), names.slice(10)],
    );
  });

  for (const count of [0, 1, 4]) {
    it(`refuses ${count} folds of 3 scenes`, () => {
      assert.throws(
        () => splitFolds(['a', 'b', 'c'], count),
        (error: SegprobeError) => error.code === 'USAGE',
      );
    });
  }
});
