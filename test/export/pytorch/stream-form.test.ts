import assert from 'node:assert/strict';
import { readPyTorchCheckpoint } from '../../../src/export/pytorch/index.js';
import { pickle, pickleTensor, streamOf } from './pickles.js';
import type { TensorParts } from './pickles.js';

const { dict, get, global, integer, list, put, reduce, text, tuple } = pickle;
/** 0 … 5 */
const SIX = Float32Array.from({ length: 6 }, (_, i) => i);
const VECTOR = { stored: 6, shape: [6], strides: [1], part: pickle.none };

function tensorOf(view: Partial<TensorParts> = {}): number[] {
  return pickleTensor({ ...VECTOR, ...view });
}

function read(bytes: Uint8Array): unknown {
  return readPyTorchCheckpoint(bytes, 'x.pt');
}

describe('readPyTorchCheckpoint, in the stream form', () => {
  const vector = { dtype: 'F32', shape: [6], data: SIX };

  it('reads what lies after the pickles, by the order of the keys', () => {
    const opcodes = list(
      tensorOf({ key: 'b', storageClass: 'LongStorage', stored: 2, shape: [2] }),
      tensorOf({ key: 'a' }),
    );
    const bytes = streamOf(opcodes, { b: BigInt64Array.of(-1n, 1n << 62n), a: SIX });
    const numbers = { dtype: 'I64', shape: [2], data: BigInt64Array.of(-1n, 1n << 62n) };
    assert.deepEqual(read(bytes), [numbers, vector]);
  });

  const views = [
    { name: 'a whole storage', view: {}, expected: [0, 1, 2, 3, 4, 5] },
    {
      name: 'a transposed matrix',
      view: { shape: [3, 2], strides: [1, 3] },
      expected: [0, 3, 1, 4, 2, 5],
    },
    {
      name: 'a part of a storage: two values from its third on',
      view: { shape: [2], part: tuple(text('v'), integer(2), integer(2)) },
      expected: [2, 3],
    },
    {
      name: 'a view of such a part',
      view: { shape: [2], strides: [2], offset: 1, part: tuple(text('v'), integer(1), integer(4)) },
      expected: [2, 4],
    },
    {
      name: 'one that PyTorch before 0.4 wrote',
      view: { rebuild: '_rebuild_tensor', shape: [2, 3], strides: [3, 1] },
      expected: [0, 1, 2, 3, 4, 5],
    },
    { name: 'one without a part in its reference', view: { part: undefined }, expected: [...SIX] },
  ];
  for (const { name, view, expected } of views) {
    it(`reads a tensor that is ${name}`, () => {
      const parts: TensorParts = { ...VECTOR, ...view };
      const tensor = read(streamOf(pickleTensor(parts), { 0: SIX }));
      assert.deepEqual(tensor, {
        dtype: 'F32',
        shape: parts.shape,
        data: Float32Array.from(expected),
      });
    });
  }

  it('reads two views of one storage, and one tensor under two names once', () => {
    const opcodes = list(
      [...tensorOf(), ...put(0)],
      tensorOf({ shape: [2], strides: [3], offset: 1 }),
      get(0),
    );
    const value = read(streamOf(opcodes, { 0: SIX })) as unknown[];
    assert.deepEqual(value, [
      vector,
      { dtype: 'F32', shape: [2], data: Float32Array.of(1, 4) },
      vector,
    ]);
    assert.equal(value[0], value[2]);
  });

  it('reads a parameter, and an object without tensors', () => {
    const parameter = [
      ...global('torch._utils', '_rebuild_parameter'),
      ...tuple(tensorOf(), pickle.true, pickle.emptyDict),
      ...reduce,
    ];
    assert.deepEqual(read(streamOf(parameter, { 0: SIX })), vector);
    assert.deepEqual(read(streamOf(dict(text('epoch'), integer(3)))), new Map([['epoch', 3]]));
  });

  it('reads what Python 2 wrote: bytes as text, large numbers in digits, an OrderedDict of pairs', () => {
    const short = (bytes: number[]): number[] => [0x55, bytes.length, ...bytes];
    const ascii = (word: string): number[] => [...Buffer.from(word, 'latin1')];
    const score = [
      ...global('numpy.core.multiarray', 'scalar'),
      ...tuple(
        [
          ...global('numpy', 'dtype'),
          ...tuple(short(ascii('f8')), integer(0), integer(1)),
          ...reduce,
          ...[...tuple(integer(3), short(ascii('<'))), ...pickle.build],
        ],
        // 0.5 is 0x3fe0000000000000.
        short([0, 0, 0, 0, 0, 0, 0xe0, 0x3f]),
      ),
      ...reduce,
    ];
    const pairs = [
      ...global('collections', 'OrderedDict'),
      ...tuple(
        list(
          list(short(ascii('id')), [0x49, ...ascii('140419002806488\n')]),
          list([0x54, 5, 0, 0, 0, ...ascii('score')], score),
        ),
      ),
      ...reduce,
    ];
    const expected = new Map([
      ['id', 140419002806488],
      ['score', 0.5],
    ]);
    assert.deepEqual(read(streamOf(pairs)), expected);
  });

  const whole = streamOf(tensorOf(), { 0: SIX });
  const cut = (bytes: number): Uint8Array => whole.subarray(0, whole.length - bytes);
  const refused = [
    {
      name: 'a pickle that is no checkpoint',
      bytes: Uint8Array.from([0x80, 2, 0x4e, 0x2e]),
      message: /expected .*, got/,
    },
    {
      name: 'another number at the start',
      bytes: streamOf([], {}, { magic: integer(7) }),
      message: /magic number, got 7/,
    },
    {
      name: 'another version',
      bytes: streamOf(tensorOf(), { 0: SIX }, { version: integer(1002) }),
      message: /version 1001, got 1002/,
    },
    {
      name: 'big-endian values',
      bytes: streamOf(
        tensorOf(),
        { 0: SIX },
        { machine: dict(text('little_endian'), pickle.false) },
      ),
      message: /little-endian values/,
    },
    {
      name: 'values cut short',
      bytes: cut(1),
      message: /storage "0": expected 24 bytes more, got 23 \(truncated/,
    },
    {
      name: 'a count cut short',
      bytes: cut(25),
      message: /storage "0": expected 8 bytes more, got the end/,
    },
    { name: 'a list of keys cut short', bytes: cut(33), message: /truncated/ },
    {
      name: 'bytes after the end',
      bytes: Uint8Array.from([...whole, 0]),
      message: /the end after the last storage, got 1 bytes more/,
    },
    {
      name: 'a storage of another size than the pickle says',
      bytes: streamOf(tensorOf({ stored: 7 }), { 0: SIX }),
      message: /storage "0": expected 7 values, got 6/,
    },
    {
      name: 'a storage that is announced with two sizes',
      bytes: streamOf(list(tensorOf(), tensorOf({ stored: 7 })), { 0: SIX }),
      message: /expected 6 values of F32 in storage "0", as before, got 7 of F32/,
    },
    {
      name: 'a storage that is announced with two dtypes',
      bytes: streamOf(list(tensorOf(), tensorOf({ storageClass: 'IntStorage' })), { 0: SIX }),
      message: /as before, got 6 of I32/,
    },
    {
      name: 'a storage that is missing',
      bytes: streamOf(tensorOf({ key: '1' }), {}),
      message: /the keys of 1 storages, got none of "1"/,
    },
    {
      name: 'a storage that nothing refers to',
      bytes: streamOf(tensorOf(), { 0: SIX, 1: SIX }),
      message: /the keys of 1 storages, got others/,
    },
    {
      name: 'a key twice',
      bytes: streamOf(tensorOf(), { 0: SIX }, { keys: list(text('0'), text('0')) }),
      message: /the keys of 1 storages/,
    },
    {
      name: 'keys that are no list',
      bytes: streamOf(tensorOf(), { 0: SIX }, { keys: integer(1) }),
      message: /the keys of 1/,
    },
    {
      name: 'a storage larger than any memory',
      bytes: streamOf(tensorOf({ stored: 0x7fffffff }), { 0: SIX }),
      message: /expected 2147483647 values, got 6/,
    },
    {
      name: 'a part that reaches outside its storage',
      bytes: streamOf(tensorOf({ part: tuple(text('v'), integer(5), integer(2)) }), { 0: SIX }),
      message: /a part of a storage of 6 values, got 2 from 5/,
    },
    {
      name: 'a tensor that reaches outside such a part',
      bytes: streamOf(tensorOf({ part: tuple(text('v'), integer(1), integer(5)) }), { 0: SIX }),
      message: /within 5 values/,
    },
    {
      name: 'a whole network',
      bytes: streamOf([
        ...tuple(
          text('module'),
          global('models.enet', 'ENet'),
          text('enet.py'),
          text('class ENet'),
        ),
        0x51,
      ]),
      message: /save model\.state_dict\(\), not the model.* module "models\.enet", name "ENet"/,
    },
    {
      name: 'a large number that is none',
      bytes: streamOf([0x49, ...Buffer.from('1e9\n')]),
      message: /a number of at most 19 digits/,
    },
  ];
  for (const { name, bytes, message } of refused) {
    it(`refuses ${name}`, () => {
      assert.throws(() => read(bytes), { code: 'FILE_INVALID', message });
    });
  }
});
