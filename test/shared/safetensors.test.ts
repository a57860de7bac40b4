import assert from 'node:assert/strict';
import {
  decodeSafetensors,
  encodeSafetensors,
  type Safetensor,
} from '../../src/shared/safetensors.js';
import { fileOf, THREE_TENSORS } from '../support/safetensors-files.js';

describe('encodeSafetensors', () => {
  it('writes the format, byte by byte', () => {
    const tensors = new Map<string, Safetensor>([
      ['a', { dtype: 'F32', shape: [1], data: Float32Array.of(1) }],
    ]);
    const header =
      '{"__metadata__":{"k":"v"},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}';
    // 79 characters of header and a space make 80, a multiple of 8; 1 is 0x3f800000, least byte first.
    assert.equal(header.length, 79);
    const expected = fileOf(`${header} `, [0, 0, 0x80, 0x3f]);
    assert.deepEqual(Buffer.from(encodeSafetensors(tensors, { k: 'v' })), expected);
  });

  it('puts wide elements first, so that each tensor lies at a multiple of its width', () => {
    const bytes = Buffer.from(encodeSafetensors(THREE_TENSORS));
    const length = Number(bytes.readBigUInt64LE());
    assert.equal(length % 8, 0);
    const header = JSON.parse(bytes.subarray(8, 8 + length).toString());
    assert.deepEqual(header.wide.data_offsets, [0, 8]);
    assert.deepEqual(header.weight.data_offsets, [8, 16]);
    assert.deepEqual(header.bytes.data_offsets, [16, 19]);
    assert.equal(bytes.length, 8 + length + 19);
  });

  it('writes only the part of a buffer that a view shows', () => {
    const view = Float32Array.of(9, 1, 2, 9).subarray(1, 3);
    const bytes = encodeSafetensors(new Map([['a', { dtype: 'F32', shape: [2], data: view }]]));
    assert.deepEqual([...decodeSafetensors(bytes, 'x').tensors.get('a')!.data], [1, 2]);
  });

  for (const { name, tensor } of [
    { name: 'too few values', tensor: { dtype: 'F32', shape: [3], data: new Float32Array(2) } },
    { name: 'too many values', tensor: { dtype: 'F32', shape: [], data: new Float32Array(2) } },
    {
      name: 'values of another dtype',
      tensor: { dtype: 'F32', shape: [2], data: new Int32Array(2) },
    },
  ]) {
    it(`refuses ${name}`, () => {
      assert.throws(() => encodeSafetensors(new Map([['w', tensor as Safetensor]])), {
        code: 'SHAPE_MISMATCH',
        message: /^tensor w: expected [123] values of F32 for shape .*, got 2 in a/,
      });
    });
  }
});

describe('decodeSafetensors', () => {
  it('gives back tensors of every dtype, names in any script, and metadata', () => {
    const tensors = new Map<string, Safetensor>([
      ['F64', { dtype: 'F64', shape: [1], data: Float64Array.of(Math.PI) }],
      ['U64', { dtype: 'U64', shape: [1], data: BigUint64Array.of(2n ** 64n - 1n) }],
      ['I64', { dtype: 'I64', shape: [1], data: BigInt64Array.of(-(2n ** 63n)) }],
      ['F32', { dtype: 'F32', shape: [2, 2], data: Float32Array.of(NaN, -0, Infinity, 1e-45) }],
      ['I32', { dtype: 'I32', shape: [2], data: Int32Array.of(-1, 2 ** 31 - 1) }],
      ['U32', { dtype: 'U32', shape: [1], data: Uint32Array.of(2 ** 32 - 1) }],
      ['F16', { dtype: 'F16', shape: [1], data: Uint16Array.of(0x3c00) }],
      ['BF16', { dtype: 'BF16', shape: [1], data: Uint16Array.of(0x3f80) }],
      ['I16', { dtype: 'I16', shape: [1], data: Int16Array.of(-2) }],
      ['U16', { dtype: 'U16', shape: [1], data: Uint16Array.of(65535) }],
      ['I8', { dtype: 'I8', shape: [1], data: Int8Array.of(-128) }],
      ['U8', { dtype: 'U8', shape: [1, 3], data: Uint8Array.of(0, 128, 255) }],
      ['BOOL', { dtype: 'BOOL', shape: [2], data: Uint8Array.of(0, 1) }],
      ['empty', { dtype: 'BOOL', shape: [0, 4], data: new Uint8Array() }],
      ['層.0 "é"', { dtype: 'U8', shape: [1], data: Uint8Array.of(4) }],
      ['__proto__', { dtype: 'U8', shape: [1], data: Uint8Array.of(5) }],
    ]);
    const metadata = { epoch: '3', 'naïve "key"': '' };
    const file = decodeSafetensors(encodeSafetensors(tensors, metadata), 'x');
    assert.deepEqual(file, { tensors, metadata });
    assert.deepEqual([...file.tensors.keys()].sort(), [...tensors.keys()].sort());
  });

  it('gives back nothing of nothing', () => {
    const file = decodeSafetensors(encodeSafetensors(new Map()), 'x');
    assert.deepEqual(file, { tensors: new Map(), metadata: {} });
  });

  it('gives tensors that outlive the bytes, also those of a Buffer', () => {
    for (const bytes of [
      encodeSafetensors(THREE_TENSORS),
      Buffer.from(encodeSafetensors(THREE_TENSORS)),
    ]) {
      const { tensors } = decodeSafetensors(bytes, 'x');
      bytes.fill(0);
      assert.deepEqual([...tensors.get('bytes')!.data], [1, 2, 3]);
    }
  });

  it('reads bytes at any place in a buffer, and tensors that are not aligned', () => {
    const header = {
      b: { dtype: 'U8', shape: [1], data_offsets: [0, 1] },
      f: { dtype: 'F32', shape: [1], data_offsets: [1, 5] },
    };
    const file = fileOf(header, [7, 0, 0, 0x80, 0x3f]);
    const { tensors } = decodeSafetensors(Buffer.concat([Buffer.alloc(3), file]).subarray(3), 'x');
    assert.deepEqual([...tensors.get('f')!.data], [1]);
    assert.deepEqual([...tensors.keys()], ['b', 'f']);
  });

  it('reads an empty tensor where another begins, whichever is named first', () => {
    const empty = { dtype: 'U8', shape: [0], data_offsets: [0, 0] };
    const full = { dtype: 'U8', shape: [2], data_offsets: [0, 2] };
    for (const header of [
      { empty, full },
      { full, empty },
    ]) {
      const { tensors } = decodeSafetensors(fileOf(header, [8, 9]), 'x');
      assert.deepEqual([...tensors.get('full')!.data], [8, 9]);
      assert.deepEqual([...tensors.get('empty')!.data], []);
    }
  });
});
