import assert from 'node:assert/strict';
import { FILTER_TO_ONNX, NHWC_TO_NCHW, transpose } from '../../src/export/transpose.js';

describe('transpose', () => {
  /** Each number says where it lies: digits are its place on axes 0, 1, 2, 3. */
  const shape = [2, 3, 4, 5];
  const values = Float32Array.from({ length: 120 }, (_, i) => {
    const [a, b, c, d] = [Math.floor(i / 60), Math.floor(i / 20) % 3, Math.floor(i / 5) % 4, i % 5];
    return 1000 * a + 100 * b + 10 * c + d;
  });

  it('brings channels before height and width', () => {
    const result = transpose({ shape, values }, NHWC_TO_NCHW);
    assert.deepEqual(result.shape, [2, 5, 3, 4]);
    // First along axis 2, then 1, then 3, then 0 of the source.
    assert.deepEqual([...result.values.subarray(0, 5)], [0, 10, 20, 30, 100]);
    assert.deepEqual([...result.values.subarray(12, 14)], [1, 11]);
    assert.deepEqual([...result.values.subarray(60, 61)], [1000]);
    assert.equal(result.values.at(-1), 1234);
  });

  it('brings the last two axes of a filter to the front, the last first', () => {
    const result = transpose({ shape, values }, FILTER_TO_ONNX);
    assert.deepEqual(result.shape, [5, 4, 2, 3]);
    assert.deepEqual([...result.values.subarray(0, 7)], [0, 100, 200, 1000, 1100, 1200, 10]);
    assert.equal(result.values[24], 1);
  });

  it('leaves the source as it is', () => {
    const source = values.slice();
    transpose({ shape, values: source }, [3, 2, 1, 0]);
    assert.deepEqual(source, values);
  });
});
