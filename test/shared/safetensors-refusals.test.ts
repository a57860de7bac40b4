import assert from 'node:assert/strict';
import { decodeSafetensors, encodeSafetensors } from '../../src/shared/safetensors.js';
import { fileOf, THREE_TENSORS } from '../support/safetensors-files.js';

describe('decodeSafetensors refuses', () => {
  const tensor = { dtype: 'U8', shape: [4], data_offsets: [0, 4] };
  const four = [1, 2, 3, 4];
  for (const { name, bytes, message } of [
    { name: 'nothing', bytes: Buffer.alloc(0), message: /8 bytes or more, got 0/ },
    {
      name: 'a huge header',
      bytes: fileOf({}, [], 100_000_001),
      message: /at most 100000000 bytes, got 100000001/,
    },
    {
      name: 'a header of 2^63 bytes',
      bytes: fileOf({}, [], 2 ** 63),
      message: /at most 100000000 bytes/,
    },
    {
      name: 'a header that is cut off',
      bytes: fileOf({}, [], 3),
      message: /header of 3 bytes, got 2/,
    },
    { name: 'a header that is no JSON', bytes: fileOf('{oops}'), message: /a header in JSON/ },
    {
      name: 'a header that is no UTF-8',
      bytes: fileOf(Buffer.from(JSON.stringify({ é: tensor }), 'latin1'), four),
      message: /a header in JSON/,
    },
    { name: 'a header that is a list', bytes: fileOf('[]'), message: /JSON object as header/ },
    {
      name: 'a header that begins with a space',
      bytes: fileOf(' {}'),
      message: /JSON object as header/,
    },
    {
      name: 'metadata that is no object',
      bytes: fileOf({ __metadata__: 3 }),
      message: /object as __metadata__, got 3/,
    },
    {
      name: 'metadata that is no text',
      bytes: fileOf({ __metadata__: { a: 1 } }),
      message: /text as metadata a, got 1/,
    },
    {
      name: 'a tensor that is no object',
      bytes: fileOf({ a: null }),
      message: /tensor a: expected dtype, shape and data_offsets, got null/,
    },
    {
      name: 'an unknown dtype',
      bytes: fileOf({ a: { ...tensor, dtype: 'F8' } }, four),
      message: /a dtype of F64, .*, got "F8"/,
    },
    {
      name: 'a dtype of every object',
      bytes: fileOf({ a: { ...tensor, dtype: 'toString' } }, four),
      message: /got "toString"/,
    },
    {
      name: 'no shape',
      bytes: fileOf({ a: { ...tensor, shape: undefined } }, four),
      message: /a shape of whole numbers, got nothing/,
    },
    {
      name: 'a negative size',
      bytes: fileOf({ a: { ...tensor, shape: [-2, -2] } }, four),
      message: /whole numbers, got \[-2,-2\]/,
    },
    {
      name: 'a size that is no whole number',
      bytes: fileOf({ a: { ...tensor, shape: [0.5, 8] } }, four),
      message: /whole numbers/,
    },
    {
      name: 'three offsets',
      bytes: fileOf({ a: { ...tensor, data_offsets: [0, 4, 4] } }, four),
      message: /data_offsets \[begin, end\]/,
    },
    {
      name: 'offsets the wrong way round',
      bytes: fileOf({ a: { ...tensor, data_offsets: [4, 0] } }, four),
      message: /data_offsets \[begin, end\]/,
    },
    {
      name: 'fewer bytes than the shape',
      bytes: fileOf({ a: { ...tensor, dtype: 'F32' } }, four),
      message: /16 bytes for F32 \[4\], got 4/,
    },
    {
      name: 'a hole before the first tensor',
      bytes: fileOf({ a: { ...tensor, data_offsets: [1, 5] } }, [0, ...four]),
      message: /from byte 0 of the data, got 1 \(a hole\)/,
    },
    {
      name: 'a hole between tensors',
      bytes: fileOf({ a: tensor, b: { ...tensor, data_offsets: [5, 9] } }, [...four, 0, ...four]),
      message: /tensor b: .*from byte 4.*hole/,
    },
    {
      name: 'an overlap',
      bytes: fileOf({ a: tensor, b: { ...tensor, data_offsets: [3, 7] } }, [...four, 0, 0, 0]),
      message: /tensor b: .*from byte 4.*overlap/,
    },
    {
      name: 'two tensors in one place',
      bytes: fileOf({ a: tensor, b: tensor }, four),
      message: /overlap/,
    },
    {
      name: 'missing data',
      bytes: fileOf({ a: tensor }, [1, 2, 3]),
      message: /4 bytes of data in the file, got 3/,
    },
    {
      name: 'data after the last tensor',
      bytes: fileOf({ a: tensor }, [...four, 5, 6]),
      message: /end after 4 bytes of data, got 2 bytes more/,
    },
    {
      name: 'data without a tensor',
      bytes: fileOf({}, [1]),
      message: /end after 0 bytes of data, got 1 bytes more/,
    },
  ]) {
    it(`${name}, naming the file`, () => {
      assert.throws(() => decodeSafetensors(bytes, 'w.safetensors'), {
        name: 'SegprobeError',
        code: 'FILE_INVALID',
        message: new RegExp(`^w\\.safetensors: .*${message.source}`),
      });
    });
  }

  it('a whole file cut anywhere', () => {
    const bytes = encodeSafetensors(THREE_TENSORS, { a: 'b' });
    for (let length = 0; length < bytes.length; length++) {
      assert.throws(() => decodeSafetensors(bytes.subarray(0, length), 'x'), {
        code: 'FILE_INVALID',
      });
    }
  });
});
