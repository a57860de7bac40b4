import assert from 'node:assert/strict';
import { roundWithinBudget } from '../../src/shared/round-within-budget.js';

const floats = (...values: number[]): Float32Array =>
  Float32Array.from(values, (value) => value / 255);

describe('roundWithinBudget', () => {
  it('rounds to the nearest step, and stays within L∞ whatever came', () => {
    const clean = Uint8Array.of(100, 100, 100, 100, 2, 254);
    const found = roundWithinBudget(clean, floats(101.4, 101.6, 108.4, 90, -5, 300), {
      norm: 'linf',
      epsilon: 8 / 255,
    });
    assert.deepEqual([...found], [101, 102, 108, 92, 0, 255]);
  });

  it('takes an epsilon between two steps for the lower one', () => {
    const budget = { norm: 'linf', epsilon: 2.9 / 255 } as const;
    assert.deepEqual([...roundWithinBudget(Uint8Array.of(10), floats(12.9), budget)], [12]);
  });

  it('rounds to the nearest step where L2 allows it, else towards the clean picture', () => {
    const clean = Uint8Array.of(10, 10, 10, 10);
    const perturbed = floats(11.6, 8.4, 11.6, 8.4); // 3.2 long; to the nearest 4, towards clean 2.
    const at = (length: number): number[] => [
      ...roundWithinBudget(clean, perturbed, { norm: 'l2', epsilon: length / 255 }),
    ];
    assert.deepEqual(at(4.001), [12, 8, 12, 8]);
    assert.deepEqual(at(3.2), [11, 9, 11, 9]);
  });
});
