import assert from 'node:assert/strict';
import { isFloating, toFloat32 } from '../../../src/export/import/float-values.js';

describe('toFloat32', () => {
  it('gives float16 its value', () => {
    const cases = [
      [0x0000, 0],
      [0x8000, -0],
      [0x3c00, 1],
      [0xc000, -2],
      [0x3555, 0.333251953125], // (1 + 0x155 / 1024) / 4
      [0x7bff, 65504],
      [0x0400, 2 ** -14],
      [0x0001, 2 ** -24],
      [0x83ff, -1023 * 2 ** -24],
      [0x7c00, Infinity],
      [0xfc00, -Infinity],
      [0x7e00, NaN],
    ] as const;
    const data = Uint16Array.from(cases, ([bits]) => bits);
    const expected = Float32Array.from(cases, ([, value]) => value);
    assert.deepEqual(toFloat32({ dtype: 'F16', shape: [cases.length], data }), expected);
  });

  it('gives bfloat16 its value: the upper half of a float32', () => {
    const data = Uint16Array.of(0x3fc0, 0xc000, 0x7f80, 0x0001);
    const expected = Float32Array.of(1.5, -2, Infinity, 2 ** -133);
    assert.deepEqual(toFloat32({ dtype: 'BF16', shape: [4], data }), expected);
  });

  it('rounds float64', () => {
    const data = Float64Array.of(1 / 3, 1e300);
    const expected = Float32Array.of(Math.fround(1 / 3), Infinity);
    assert.deepEqual(toFloat32({ dtype: 'F64', shape: [2], data }), expected);
  });

  it('copies float32', () => {
    const data = Float32Array.of(1, 2);
    const copy = toFloat32({ dtype: 'F32', shape: [2], data });
    copy[0] = 7;
    assert.deepEqual([...data], [1, 2]);
  });
});

describe('isFloating', () => {
  it('tells floating-point numbers from whole ones', () => {
    const shape = [1];
    assert.ok(isFloating({ dtype: 'BF16', shape, data: new Uint16Array(1) }));
    assert.ok(!isFloating({ dtype: 'I64', shape, data: new BigInt64Array(1) }));
    assert.ok(!isFloating({ dtype: 'U16', shape, data: new Uint16Array(1) }));
  });
});
