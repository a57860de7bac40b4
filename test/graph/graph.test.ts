import assert from 'node:assert/strict';
import { assertFits, parseReference, sizeOf } from '../../src/graph/graph.js';
import { isSegprobeError } from '../../src/shared/errors.js';

describe('parseReference', () => {
  const cases = [
    { reference: 'train/Add_1', node: 'train/Add_1', output: 0 },
    { reference: 'train/SplitV_1:12', node: 'train/SplitV_1', output: 12 },
    { reference: '^train/w/assign', node: 'train/w/assign', output: -1 },
  ];
  for (const { reference, ...parts } of cases) {
    it(`splits ${reference}`, () => assert.deepEqual(parseReference(reference), parts));
  }
});

describe('sizeOf', () => {
  it('multiplies, and counts one element without axes', () => {
    assert.deepEqual([sizeOf([2, 3, 4]), sizeOf([5, 0]), sizeOf([])], [24, 0, 1]);
  });
});

describe('assertFits', () => {
  const expected = { dtype: 'float32', shape: [2, 3] } as const;

  it('accepts the same type and shape', () => {
    assertFits('x', expected, { dtype: 'float32', shape: [2, 3] });
  });

  for (const { name, found, message } of [
    {
      name: 'another shape',
      found: { dtype: 'float32', shape: [3, 2] },
      message: /float32\[3,2\]/,
    },
    { name: 'another rank', found: { dtype: 'float32', shape: [23] }, message: /float32\[23\]/ },
    { name: 'another type', found: { dtype: 'int32', shape: [2, 3] }, message: /int32\[2,3\]/ },
    { name: 'nothing', found: undefined, message: /got none/ },
  ]) {
    it(`refuses ${name}`, () => {
      assert.throws(
        () => assertFits('input x', expected, found),
        (error) =>
          isSegprobeError(error, 'SHAPE_MISMATCH') &&
          error.message.startsWith('input x: expected float32[2,3]') &&
          message.test(error.message),
      );
    });
  }
});
