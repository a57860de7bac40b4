import type { Safetensor } from '../../src/shared/safetensors.js';

/** The bytes of a safetensors file with this header and data. */
export function fileOf(
  header: string | Buffer | object,
  data: readonly number[] = [],
  length?: number,
): Buffer {
  const isRaw = typeof header === 'string' || Buffer.isBuffer(header);
  const text = Buffer.from(isRaw ? header : JSON.stringify(header));
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(BigInt(length ?? text.length));
  return Buffer.concat([prefix, text, Buffer.from(data)]);
}

/** One tensor each of 1, 4 and 8 bytes an element. */
export const THREE_TENSORS = new Map<string, Safetensor>([
  ['bytes', { dtype: 'U8', shape: [3], data: Uint8Array.of(1, 2, 3) }],
  ['wide', { dtype: 'I64', shape: [], data: BigInt64Array.of(-5n) }],
  ['weight', { dtype: 'F32', shape: [2, 1], data: Float32Array.of(0.5, -2) }],
]);
