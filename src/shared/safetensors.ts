import { SegprobeError } from './errors.js';

// In every browser and in Node; this folder compiles without either's types.
declare class TextEncoder {
  encode(text: string): Uint8Array<ArrayBuffer>;
}
declare class TextDecoder {
  constructor(label: 'utf-8', options: { fatal: boolean; ignoreBOM: boolean });
  decode(bytes: Uint8Array): string;
}

/** The array that holds each dtype. F16 and BF16 stay raw bits; BOOL is one byte, 0 or 1. */
const ARRAYS = {
  F64: Float64Array,
  I64: BigInt64Array,
  U64: BigUint64Array,
  F32: Float32Array,
  I32: Int32Array,
  U32: Uint32Array,
  F16: Uint16Array,
  BF16: Uint16Array,
  I16: Int16Array,
  U16: Uint16Array,
  I8: Int8Array,
  U8: Uint8Array,
  BOOL: Uint8Array,
} as const;

export type SafetensorDtype = keyof typeof ARRAYS;

/** A tensor in a file: its values in row-major order, as many as the product of `shape` (one for a scalar, `[]`). */
export type Safetensor = {
  [D in SafetensorDtype]: {
    readonly dtype: D;
    readonly shape: readonly number[];
    readonly data: InstanceType<(typeof ARRAYS)[D]>;
  };
}[SafetensorDtype];

/** What a safetensors file holds. */
export interface SafetensorsFile {
  /** By name, in the order of their bytes. */
  readonly tensors: Map<string, Safetensor>;
  readonly metadata: Record<string, string>;
}

const LENGTH_BYTES = 8;
const ALIGNMENT = 8;
/** The reference implementation's limit. */
const MAX_HEADER_BYTES = 100_000_000;
const METADATA_KEY = '__metadata__';

/**
 * Encodes tensors as a safetensors file. The same tensors in the same order give the same bytes.
 *
 * Wide dtypes come first, so that every tensor starts at a multiple of its element's size; otherwise the map's order
 * is kept.
 *
 * @param metadata - free text by key, stored beside the tensors.
 * @throws SegprobeError `SHAPE_MISMATCH` where data and shape, or data and dtype, disagree.
 * @see https://github.com/huggingface/safetensors#format
 */
export function encodeSafetensors(
  tensors: ReadonlyMap<string, Safetensor>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  const width = ({ dtype }: Safetensor): number => ARRAYS[dtype].BYTES_PER_ELEMENT;
  const ordered = [...tensors].sort(([, a], [, b]) => width(b) - width(a));
  const entries: [string, unknown][] = [];
  if (Object.keys(metadata).length > 0) entries.push([METADATA_KEY, metadata]);
  let end = 0;
  for (const [name, tensor] of ordered) {
    assertEncodable(name, tensor);
    const begin = end;
    end += tensor.data.byteLength;
    entries.push([name, { dtype: tensor.dtype, shape: tensor.shape, data_offsets: [begin, end] }]);
  }
  const header = new TextEncoder().encode(JSON.stringify(Object.fromEntries(entries)));
  const headerLength = Math.ceil(header.length / ALIGNMENT) * ALIGNMENT;
  const bytes = new Uint8Array(LENGTH_BYTES + headerLength + end);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerLength), true);
  bytes.set(header, LENGTH_BYTES);
  bytes.fill(0x20, LENGTH_BYTES + header.length, LENGTH_BYTES + headerLength);
  let at = LENGTH_BYTES + headerLength;
  for (const [, { data }] of ordered) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return bytes;
}

/**
 * Decodes a safetensors file, after checking all of it: no tensor reaches outside, overlaps another or leaves a hole.
 *
 * @param what - names the file in messages.
 * @returns tensors that own their values: `bytes` may be dropped or changed.
 * @throws SegprobeError `FILE_INVALID` for anything that is no whole safetensors file.
 */
export function decodeSafetensors(bytes: Uint8Array, what: string): SafetensorsFile {
  const { header, dataStart } = readHeader(bytes, what);
  const metadata = toMetadata(header[METADATA_KEY], what);
  const entries = Object.entries(header)
    .filter(([name]) => name !== METADATA_KEY)
    .map(([name, value]) => ({ name, ...toEntry(value, `${what}: tensor ${name}`) }))
    .sort((a, b) => a.begin - b.begin || a.end - b.end);
  const dataBytes = bytes.length - dataStart;
  const tensors = new Map<string, Safetensor>();
  let filled = 0;
  for (const { name, dtype, shape, begin, end } of entries) {
    if (begin !== filled) {
      const fault = begin < filled ? 'an overlap' : 'a hole';
      fail(
        `${what}: tensor ${name}`,
        `data from byte ${filled} of the data`,
        `${begin} (${fault})`,
      );
    }
    if (end > dataBytes) {
      fail(
        `${what}: tensor ${name}`,
        `${end} bytes of data in the file`,
        `${dataBytes} (truncated?)`,
      );
    }
    // Not slice: on a Node Buffer that would be a view of the caller's bytes.
    const own = new Uint8Array(bytes.subarray(dataStart + begin, dataStart + end));
    tensors.set(name, { dtype, shape, data: new ARRAYS[dtype](own.buffer) } as Safetensor);
    filled = end;
  }
  if (filled !== dataBytes) {
    fail(what, `the file to end after ${filled} bytes of data`, `${dataBytes - filled} bytes more`);
  }
  return { tensors, metadata };
}

function assertEncodable(name: string, { dtype, shape, data }: Safetensor): void {
  const count = shape.reduce((product, size) => product * size, 1);
  if (name === METADATA_KEY || !(data instanceof ARRAYS[dtype]) || data.length !== count) {
    throw new SegprobeError(
      'SHAPE_MISMATCH',
      `tensor ${name}: expected ${count} values of ${dtype} for shape [${shape.join(', ')}], ` +
        `got ${data.length} in a ${data.constructor.name}`,
    );
  }
}

function readHeader(
  bytes: Uint8Array,
  what: string,
): { header: Record<string, unknown>; dataStart: number } {
  if (bytes.length < LENGTH_BYTES) {
    fail(what, 'a safetensors file of 8 bytes or more', `${bytes.length}`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = Number(view.getBigUint64(0, true));
  if (length > MAX_HEADER_BYTES) {
    fail(what, `a safetensors header of at most ${MAX_HEADER_BYTES} bytes`, `${length}`);
  }
  const dataStart = LENGTH_BYTES + length;
  if (dataStart > bytes.length) {
    fail(what, `a header of ${length} bytes`, `${bytes.length - LENGTH_BYTES} (truncated?)`);
  }
  const text = bytes.subarray(LENGTH_BYTES, dataStart);
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(text));
  } catch (cause) {
    fail(what, 'a header in JSON', 'other bytes', cause);
  }
  // The format wants the brace first; space may only follow the object.
  if (text[0] !== 0x7b || !isRecord(header))
    fail(what, 'a JSON object as header', 'something else');
  return { header, dataStart };
}

function toMetadata(value: unknown, what: string): Record<string, string> {
  if (value === undefined) return {};
  if (!isRecord(value)) fail(what, `an object as ${METADATA_KEY}`, show(value));
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== 'string') {
      fail(what, `text as metadata ${key}`, show(text));
    }
  }
  return value as Record<string, string>;
}

interface Entry {
  readonly dtype: SafetensorDtype;
  readonly shape: number[];
  readonly begin: number;
  readonly end: number;
}

function toEntry(value: unknown, what: string): Entry {
  if (!isRecord(value)) fail(what, 'dtype, shape and data_offsets', show(value));
  const { dtype, shape, data_offsets: offsets } = value;
  if (typeof dtype !== 'string' || !Object.hasOwn(ARRAYS, dtype)) {
    fail(what, `a dtype of ${Object.keys(ARRAYS).join(', ')}`, show(dtype));
  }
  if (!isSizes(shape)) fail(what, 'a shape of whole numbers', show(shape));
  if (!isSizes(offsets) || offsets.length !== 2 || offsets[0]! > offsets[1]!) {
    fail(what, 'data_offsets [begin, end]', show(offsets));
  }
  const [begin, end] = offsets as [number, number];
  const { BYTES_PER_ELEMENT: width } = ARRAYS[dtype as SafetensorDtype];
  const expected = shape.reduce((product, size) => product * size, width);
  if (expected !== end - begin) {
    fail(what, `${expected} bytes for ${dtype} [${shape.join(', ')}]`, `${end - begin}`);
  }
  return { dtype: dtype as SafetensorDtype, shape, begin, end };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}

function show(value: unknown): string {
  return (JSON.stringify(value) ?? 'nothing').slice(0, 100);
}

function fail(what: string, expected: string, found: string, cause?: unknown): never {
  throw new SegprobeError('FILE_INVALID', `${what}: expected ${expected}, got ${found}`, { cause });
}
