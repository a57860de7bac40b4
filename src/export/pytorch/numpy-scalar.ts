import { describe } from './describe.js';
import { refuse } from './refuse.js';
import { Intermediate } from './value.js';

type Reader = (view: DataView) => number | bigint | boolean;

/** Number types by NumPy's code, with the bytes of one. */
const READERS: Readonly<Record<string, readonly [bytes: number, read: Reader]>> = {
  f8: [8, (view) => view.getFloat64(0, true)],
  f4: [4, (view) => view.getFloat32(0, true)],
  i8: [8, (view) => toNumber(view.getBigInt64(0, true))],
  i4: [4, (view) => view.getInt32(0, true)],
  b1: [1, (view) => view.getUint8(0) !== 0],
};
const MAX_NUMBER_BYTES = 8;

/** The type of a NumPy number: scores in checkpoints are such, being means that NumPy took. */
export class NumpyDtype extends Intermediate {
  readonly name = 'numpy.dtype';
  readonly bytes: number;
  readonly read: Reader;

  constructor(code: unknown, what: string) {
    super();
    const reader =
      typeof code === 'string' && Object.hasOwn(READERS, code) ? READERS[code] : undefined;
    if (reader === undefined) {
      refuse(what, `a NumPy type of ${Object.keys(READERS).join(', ')}`, describe(code));
    }
    [this.bytes, this.read] = reader;
  }
}

/** Checks the rest of a dtype's state, `(version, byte order, …)`: values must be little-endian. */
export function assertLittleEndian(state: unknown, what: string): void {
  const order: unknown = Array.isArray(state) ? state[1] : undefined;
  if (order !== '<' && order !== '|') {
    refuse(what, 'little-endian NumPy numbers', `byte order ${describe(order)}`);
  }
}

/** Reads `numpy.core.multiarray.scalar(dtype, bytes)`; Python 2's bytes are text. */
export function toScalar([dtype, packed]: readonly unknown[], what: string): unknown {
  const bytes = typeof packed === 'string' ? toLatin1Bytes([packed, 'latin1'], what) : packed;
  if (!(dtype instanceof NumpyDtype)) refuse(what, 'the type of a NumPy number', describe(dtype));
  if (!(bytes instanceof Uint8Array) || bytes.length !== dtype.bytes) {
    refuse(what, `a NumPy number of ${dtype.bytes} bytes`, describe(bytes));
  }
  return dtype.read(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength));
}

/** Reads `_codecs.encode(text, 'latin1')`: how protocol 2 writes the bytes of a number. */
export function toLatin1Bytes([text, encoding]: readonly unknown[], what: string): Uint8Array {
  if (typeof text !== 'string' || text.length > MAX_NUMBER_BYTES || encoding !== 'latin1') {
    refuse(what, `at most ${MAX_NUMBER_BYTES} bytes as Latin-1 text`, describe(text));
  }
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

function toNumber(value: bigint): number | bigint {
  const rounded = Number(value);
  return Number.isSafeInteger(rounded) ? rounded : value;
}
