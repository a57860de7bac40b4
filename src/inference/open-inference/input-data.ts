import { DATATYPES, type TensorSpec } from './tensors.js';
import { invalid } from './request.js';

/** Arrays within arrays, at most: no tensor has more axes. */
const MAX_DEPTH = 8;

/**
 * Reads a tensor that stands in JSON, row by row, flat or nested.
 *
 * @throws SegprobeError `INVALID_REQUEST` for another number of values, or one that is no number of the tensor's type.
 */
export function fromJsonData(
  data: readonly unknown[],
  count: number,
  { name, datatype }: TensorSpec,
): Float32Array | Uint8Array {
  const values = datatype === 'FP32' ? new Float32Array(count) : new Uint8Array(count);
  let at = 0;
  const read = (items: readonly unknown[], depth: number): void => {
    if (depth > MAX_DEPTH) throw invalid(`${name} with at most ${MAX_DEPTH} axes, got more`);
    for (const item of items) {
      if (Array.isArray(item)) {
        read(item, depth + 1);
        continue;
      }
      if (!isValue(item, datatype)) {
        throw invalid(`${datatype} values in ${name}, got ${JSON.stringify(item).slice(0, 60)}`);
      }
      if (at < count) values[at] = item;
      at++;
    }
  };
  read(data, 1);
  if (at !== count) throw invalid(`${count} values in ${name} as its shape says, got ${at}`);
  return values;
}

/**
 * Reads a tensor out of the bytes behind the JSON, little-endian.
 *
 * @param bytes - the whole of them.
 * @throws SegprobeError `INVALID_REQUEST` for another number of bytes.
 */
export function fromBinaryData(
  bytes: Uint8Array,
  size: number,
  count: number,
  { name, datatype }: TensorSpec,
): Float32Array | Uint8Array {
  const expected = count * DATATYPES[datatype].bytes;
  if (size !== expected || bytes.length < size) {
    throw invalid(
      `${expected} bytes of ${name} as its shape says, got ${Math.min(size, bytes.length)}`,
    );
  }
  // Copied: the bytes behind the JSON need not begin at a multiple of four.
  const own = bytes.slice(0, size);
  return datatype === 'FP32' ? new Float32Array(own.buffer) : own;
}

function isValue(item: unknown, datatype: TensorSpec['datatype']): item is number {
  if (typeof item !== 'number') return false;
  return datatype === 'FP32' || (Number.isInteger(item) && item >= 0 && item <= 255);
}
