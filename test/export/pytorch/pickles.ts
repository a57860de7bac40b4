import { zipSync } from 'fflate';

/** Writes pickles by hand, opcode by opcode, as Python does in protocol 2. */
export const pickle = {
  none: [0x4e],
  true: [0x88],
  false: [0x89],
  mark: [0x28],
  emptyTuple: [0x29],
  emptyList: [0x5d],
  emptyDict: [0x7d],
  append: [0x61],
  reduce: [0x52],
  build: [0x62],
  stop: [0x2e],
  integer: (value: number): number[] => [0x4a, ...littleEndian(value, 4)],
  text: (text: string): number[] => {
    const bytes = [...new TextEncoder().encode(text)];
    return [0x58, ...littleEndian(bytes.length, 4), ...bytes];
  },
  global: (module: string, name: string): number[] => [
    0x63,
    ...new TextEncoder().encode(`${module}\n${name}\n`),
  ],
  tuple: (...items: number[][]): number[] => [0x28, ...items.flat(), 0x74],
  list: (...items: number[][]): number[] => [0x5d, 0x28, ...items.flat(), 0x65],
  dict: (...items: number[][]): number[] => [0x7d, 0x28, ...items.flat(), 0x75],
  put: (index: number): number[] => [0x71, index],
  get: (index: number): number[] => [0x68, index],
};

export interface TensorParts {
  /** @defaultValue FloatStorage */
  readonly storageClass?: string;
  /** The entry under data/. @defaultValue '0' */
  readonly key?: string;
  /** Number of values of the whole storage. */
  readonly stored: number;
  /** @defaultValue 0 */
  readonly offset?: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  /** @defaultValue _rebuild_tensor_v2 */
  readonly rebuild?: string;
  /** What ends the reference to the storage in the stream form: opcodes of None or of a part. @defaultValue nothing */
  readonly part?: readonly number[] | undefined;
}

/** The opcodes of one tensor. */
export function pickleTensor({
  storageClass = 'FloatStorage',
  key = '0',
  stored,
  offset = 0,
  shape,
  strides,
  rebuild = '_rebuild_tensor_v2',
  part,
}: TensorParts): number[] {
  const { global, tuple, text, integer } = pickle;
  const storage = tuple(
    text('storage'),
    global('torch', storageClass),
    text(key),
    text('cpu'),
    integer(stored),
    ...(part === undefined ? [] : [[...part]]),
  );
  return [
    ...global('torch._utils', rebuild),
    ...tuple(
      [...storage, 0x51],
      integer(offset),
      tuple(...shape.map(integer)),
      tuple(...strides.map(integer)),
      pickle.false,
      [...global('collections', 'OrderedDict'), ...pickle.emptyTuple, ...pickle.reduce],
    ),
    ...pickle.reduce,
  ];
}

/** Pickles of the stream form, each without its first two bytes and its last. */
export interface StreamParts {
  readonly magic?: readonly number[];
  readonly version?: readonly number[];
  readonly machine?: readonly number[];
  readonly keys?: readonly number[];
}

/** The number that begins the stream form, 0x1950a86a20f9469cfc6c. */
const MAGIC = [0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];

/** The pickles that begin the stream form: a number, a version, the machine. */
export const STREAM_START = Uint8Array.from(
  [MAGIC, pickle.integer(1001), pickle.dict(pickle.text('little_endian'), pickle.true)].flatMap(
    (program) => [0x80, 2, ...program, ...pickle.stop],
  ),
);

/** A file of the stream form around the opcodes of one object; `parts` takes the place of what belongs there. */
export function streamOf(
  opcodes: readonly number[],
  storages: Readonly<Record<string, Storage>> = {},
  parts: StreamParts = {},
): Uint8Array<ArrayBuffer> {
  const { text, list, dict, integer } = pickle;
  const values = Object.entries(storages).sort(([a], [b]) => (a < b ? -1 : 1));
  const pickles = [
    parts.magic ?? MAGIC,
    parts.version ?? integer(1001),
    parts.machine ?? dict(text('little_endian'), pickle.true),
    opcodes,
    parts.keys ?? list(...values.map(([key]) => text(key))),
  ];
  return Uint8Array.from([
    ...pickles.flatMap((program) => [0x80, 2, ...program, ...pickle.stop]),
    ...values.flatMap(([, data]) => [
      ...littleEndian(data.length, 4),
      0,
      0,
      0,
      0,
      ...bytesOf(data),
    ]),
  ]);
}

type Storage = ArrayBufferView & { readonly length: number };

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** A checkpoint's file around the opcodes of one object. */
export function checkpointOf(
  opcodes: readonly number[],
  storages: Readonly<Record<string, ArrayBufferView>> = {},
  level: 0 | 6 = 0,
): Uint8Array<ArrayBuffer> {
  const entries = Object.entries(storages).map(([key, data]) => [
    `archive/data/${key}`,
    bytesOf(data),
  ]);
  const program = Uint8Array.from([0x80, 2, ...opcodes, ...pickle.stop]);
  return new Uint8Array(
    zipSync(
      {
        'archive/data.pkl': program,
        ...(Object.fromEntries(entries) as Record<string, Uint8Array>),
      },
      { level },
    ),
  );
}

function littleEndian(value: number, bytes: number): number[] {
  return Array.from({ length: bytes }, (_, i) => (value >> (8 * i)) & 0xff);
}
