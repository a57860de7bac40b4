import type { Safetensor } from '../../shared/safetensors.js';

/** What may be a key of a dictionary. */
export type PyTorchKey = string | number | bigint | boolean | null;

/**
 * What a checkpoint may hold: dictionaries are maps, lists and tuples are arrays, tensors and parameters own their
 * values in row-major order. An object that the file refers to twice is here twice, as one object; none contains itself.
 */
export type PyTorchValue =
  | PyTorchKey
  | Uint8Array
  | Safetensor
  | readonly PyTorchValue[]
  | ReadonlyMap<PyTorchKey, PyTorchValue>;

/** What occurs only while a file is being read: a class, a storage. */
export abstract class Intermediate {
  abstract readonly name: string;
}

/** Tells whether `value` is a dictionary. */
export function isDictionary(
  value: PyTorchValue | undefined,
): value is ReadonlyMap<PyTorchKey, PyTorchValue> {
  return value instanceof Map;
}

/** Tells whether `value` is a tensor. */
export function isTensor(value: PyTorchValue | undefined): value is Safetensor {
  return typeof value === 'object' && value !== null && 'dtype' in value;
}

/** Keys of the same text are compared letter by letter, as often as a file likes. */
const MAX_KEY_LENGTH = 1024;

/** Tells whether `value` may be a key: text must be short. */
export function isKey(value: unknown): value is PyTorchKey {
  if (typeof value === 'string') return value.length <= MAX_KEY_LENGTH;
  return value === null || ['number', 'bigint', 'boolean'].includes(typeof value);
}
