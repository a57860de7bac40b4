import assert from 'node:assert/strict';
import { zipSync } from 'fflate';
import { readPyTorchCheckpoint } from '../../../src/export/pytorch/index.js';
import { checkpointOf, pickle, pickleTensor } from './pickles.js';
import type { TensorParts } from './pickles.js';

const { dict, emptyDict, emptyList, emptyTuple, get, global, integer, list, put, reduce } = pickle;
const { text, tuple } = pickle;
/** 0 … 5 */
const SIX = Float32Array.from({ length: 6 }, (_, i) => i);

function readTensor(parts: TensorParts, storage: ArrayBufferView = SIX) {
  return readPyTorchCheckpoint(checkpointOf(pickleTensor(parts), { 0: storage }), 'x.pt');
}

function assertRefused(bytes: Uint8Array, message: RegExp): void {
  assert.throws(() => readPyTorchCheckpoint(bytes, 'x.pt'), { code: 'FILE_INVALID', message });
}

describe('readPyTorchCheckpoint', () => {
  const plain = [
    { name: 'None', opcodes: pickle.none, expected: null },
    { name: 'True', opcodes: pickle.true, expected: true },
    { name: 'a negative number', opcodes: integer(-7), expected: -7 },
    { name: 'a number of 24 bits', opcodes: [0x8a, 3, 0xff, 0xff, 0xff], expected: -1 },
    {
      name: 'a number of 72 bits',
      opcodes: [0x8a, 9, 0, 0, 0, 0, 0, 0, 0, 0, 1],
      expected: 1n << 64n,
    },
    { name: 'a fraction', opcodes: [0x47, 0x3f, 0xf8, 0, 0, 0, 0, 0, 0], expected: 1.5 },
    { name: 'text', opcodes: text('Straße'), expected: 'Straße' },
    { name: 'a tuple', opcodes: tuple(integer(1), text('b')), expected: [1, 'b'] },
    { name: 'a list', opcodes: list(integer(1), emptyList), expected: [1, []] },
    {
      name: 'a dictionary',
      opcodes: dict(text('a'), integer(1), integer(2), emptyDict),
      expected: new Map<unknown, unknown>([
        ['a', 1],
        [2, new Map()],
      ]),
    },
    {
      name: 'one object twice',
      opcodes: list([...text('a'), ...put(0)], get(0)),
      expected: ['a', 'a'],
    },
    {
      name: 'torch.Size',
      opcodes: [...global('torch', 'Size'), ...tuple(tuple(integer(2), integer(3))), ...reduce],
      expected: [2, 3],
    },
    {
      name: 'a number of NumPy',
      opcodes: [
        ...global('numpy._core.multiarray', 'scalar'),
        ...tuple(
          [
            ...[...global('numpy', 'dtype'), ...tuple(text('f8')), ...reduce],
            ...[...tuple(integer(3), text('<')), ...pickle.build],
          ],
          [
            ...global('_codecs', 'encode'),
            // 0.5 is 0x3fe0000000000000.
            ...tuple(text('\0\0\0\0\0\0\xe0\x3f'), text('latin1')),
            ...reduce,
          ],
        ),
        ...reduce,
      ],
      expected: 0.5,
    },
  ];
  for (const { name, opcodes, expected } of plain) {
    it(`reads ${name}`, () => {
      assert.deepEqual(readPyTorchCheckpoint(checkpointOf(opcodes), 'x.pt'), expected);
    });
  }

  const views = [
    { name: 'a whole storage', shape: [2, 3], strides: [3, 1], expected: [0, 1, 2, 3, 4, 5] },
    { name: 'a transposed matrix', shape: [3, 2], strides: [1, 3], expected: [0, 3, 1, 4, 2, 5] },
    { name: 'a column', shape: [2, 1], strides: [3, 99], offset: 1, expected: [1, 4] },
    { name: 'a row, repeated', shape: [2, 3], strides: [0, 1], expected: [0, 1, 2, 0, 1, 2] },
    { name: 'a scalar', shape: [], strides: [], offset: 5, expected: [5] },
    { name: 'nothing', shape: [0, 3], strides: [3, 1], expected: [] },
  ];
  for (const { name, expected, ...view } of views) {
    it(`reads a tensor that is ${name}`, () => {
      const tensor = readTensor({ stored: 6, ...view });
      const data = Float32Array.from(expected);
      assert.deepEqual(tensor, { dtype: 'F32', shape: view.shape, data });
    });
  }

  const dtypes = [
    { storageClass: 'DoubleStorage', dtype: 'F64', data: Float64Array.of(0.1, -2) },
    { storageClass: 'HalfStorage', dtype: 'F16', data: Uint16Array.of(0x3e00, 0) },
    { storageClass: 'BFloat16Storage', dtype: 'BF16', data: Uint16Array.of(0x3fc0, 0) },
    { storageClass: 'LongStorage', dtype: 'I64', data: BigInt64Array.of(-1n, 1n << 62n) },
    { storageClass: 'IntStorage', dtype: 'I32', data: Int32Array.of(-70000, 1) },
    { storageClass: 'ShortStorage', dtype: 'I16', data: Int16Array.of(-300, 1) },
    { storageClass: 'CharStorage', dtype: 'I8', data: Int8Array.of(-3, 1) },
    { storageClass: 'ByteStorage', dtype: 'U8', data: Uint8Array.of(200, 1) },
    { storageClass: 'BoolStorage', dtype: 'BOOL', data: Uint8Array.of(1, 0) },
  ];
  for (const { storageClass, dtype, data } of dtypes) {
    it(`reads torch.${storageClass} as ${dtype}`, () => {
      const tensor = readTensor({ storageClass, stored: 2, shape: [2], strides: [1] }, data);
      assert.deepEqual(tensor, { dtype, shape: [2], data });
    });
  }

  it('reads deflated entries', () => {
    const opcodes = pickleTensor({ stored: 6, shape: [6], strides: [1] });
    const value = readPyTorchCheckpoint(checkpointOf(opcodes, { 0: SIX }, 6), 'x.pt');
    assert.deepEqual(value, { dtype: 'F32', shape: [6], data: SIX });
  });

  it('runs nothing: a name outside its table is refused', () => {
    const opcodes = [...global('posix', 'system'), ...tuple(text('true')), ...reduce];
    assertRefused(checkpointOf(opcodes), /x\.pt: data\.pkl: .* module "posix", name "system"/);
    assertRefused(checkpointOf(global('__proto__', 'x')), /module "__proto__"/);
  });

  const whole = checkpointOf(pickleTensor({ stored: 6, shape: [6], strides: [1] }), { 0: SIX });
  const flipped = whole.slice();
  flipped[Buffer.from(whole).indexOf(Buffer.from(SIX.buffer))]! ^= 1; // In the numbers.
  const tensorOf = (view: Partial<TensorParts>): Uint8Array =>
    checkpointOf(pickleTensor({ stored: 6, shape: [6], strides: [1], ...view }), { 0: SIX });
  const nested = [...Array<number[]>(999).fill(emptyList), ...Array<number[]>(998).fill([0x61])];
  const refused = [
    {
      name: 'an empty file',
      bytes: new Uint8Array(),
      message: /that torch\.save wrote, got other bytes/,
    },
    { name: 'other bytes', bytes: new Uint8Array(999), message: /torch\.save wrote, got other/ },
    { name: 'a file cut short', bytes: whole.subarray(0, -30), message: /truncated/ },
    { name: 'a flipped bit', bytes: flipped, message: /CRC \d+, got \d+ \(damaged/ },
    {
      name: 'another zip',
      bytes: zipSync({ 'a/b': new Uint8Array(1) }),
      message: /data\.pkl/,
    },
    {
      name: 'a number of 17 bytes',
      bytes: checkpointOf([0x8a, 17, ...new Uint8Array(17)]),
      message: /number of at most 16 bytes, got 17/,
    },
    { name: 'an unknown opcode', bytes: checkpointOf([0x69]), message: /opcode .* 0x69/ },
    {
      name: 'a pickle without object',
      bytes: checkpointOf([]),
      message: /one object at the end, got 0/,
    },
    {
      name: 'a reference to nothing',
      bytes: checkpointOf(get(9)),
      message: /reference to nothing/,
    },
    { name: 'text without end', bytes: checkpointOf([0x58, 255, 255, 255, 255]), message: /trunc/ },
    {
      name: 'a class as value',
      bytes: checkpointOf(global('torch', 'Size')),
      message: /plain data/,
    },
    {
      name: 'a list in itself',
      bytes: checkpointOf([...emptyList, ...put(0), ...get(0), ...pickle.append]),
      message: /nesting of at most 64/,
    },
    {
      name: 'a key of a million letters',
      bytes: checkpointOf(dict(text('a'.repeat(1 << 20)), integer(1))),
      message: /short text or a number as key/,
    },
    { name: 'deep nesting', bytes: checkpointOf(nested.flat()), message: /nesting of at most 64/ },
    {
      name: 'a crowd of objects',
      bytes: checkpointOf([0x5d, 0x28, ...Array<number>(100_000).fill(0x7d), 0x65]),
      message: /objects of at most \d+ bytes in a file of this size/,
    },
    { name: 'a tensor too long', bytes: tensorOf({ shape: [7] }), message: /within 6 values/ },
    { name: 'a tensor too far', bytes: tensorOf({ offset: 1 }), message: /within 6 values/ },
    { name: 'a stride too wide', bytes: tensorOf({ strides: [2] }), message: /within 6 values/ },
    { name: 'a negative offset', bytes: tensorOf({ offset: -1 }), message: /offset of a tensor/ },
    { name: 'a lost stride', bytes: tensorOf({ strides: [] }), message: /1 strides/ },
    { name: 'a lost storage', bytes: tensorOf({ key: '1' }), message: /storage "1"/ },
    { name: 'a wrong storage size', bytes: tensorOf({ stored: 7 }), message: /24 bytes/ },
    {
      name: 'a tensor that strides of 0 blow up',
      bytes: tensorOf({ shape: [1 << 20, 1 << 20], strides: [0, 0] }),
      message: /not much larger than the file/,
    },
  ];
  for (const { name, bytes, message } of refused) {
    it(`refuses ${name}`, () => assertRefused(bytes, message));
  }

  it('refuses views that would fill the memory together', () => {
    const tensor = pickleTensor({ stored: 1 << 20, shape: [1 << 20], strides: [1] });
    const bytes = checkpointOf(list(...Array<number[]>(20).fill(tensor)), {
      0: new Float32Array(1 << 20),
    });
    assertRefused(bytes, /not much larger than the file/);
  });

  it('refuses a file that unpacks to much more', () => {
    const bytes = checkpointOf(emptyTuple, { 0: new Uint8Array(1 << 22) }, 6);
    assert.ok(bytes.length < 1 << 16);
    assertRefused(bytes, /unpacks to at most/);
  });

  it('answers shared objects nested in each other without walking them all', () => {
    // 40 lists, each holding the one before twice: 2^40 leaves.
    const opcodes = [...emptyList, ...put(0)];
    for (let i = 0; i < 40; i++) opcodes.push(...list(get(i), get(i)), ...put(i + 1));
    // Leaves only the last on the stack.
    const last = [...list(opcodes), ...get(40)];
    assert.ok(Array.isArray(readPyTorchCheckpoint(checkpointOf(tuple(last)), 'x.pt')));
  });
});
