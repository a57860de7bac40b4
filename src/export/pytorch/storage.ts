import type { Safetensor, SafetensorDtype } from '../../shared/safetensors.js';
import { Intermediate } from './value.js';

type TensorArray = new (buffer: ArrayBuffer) => Safetensor['data'];

/** A class of storage: what a flat array's bytes mean. */
export class StorageType extends Intermediate {
  readonly name: string;
  readonly dtype: SafetensorDtype;
  readonly array: TensorArray;
  readonly width: number;

  constructor(name: string, dtype: SafetensorDtype, array: TensorArray, width: number) {
    super();
    this.name = name;
    this.dtype = dtype;
    this.array = array;
    this.width = width;
  }
}

/** PyTorch's storages, by class. */
export const STORAGE_TYPES: readonly StorageType[] = [
  new StorageType('torch.DoubleStorage', 'F64', Float64Array, 8),
  new StorageType('torch.FloatStorage', 'F32', Float32Array, 4),
  new StorageType('torch.HalfStorage', 'F16', Uint16Array, 2),
  new StorageType('torch.BFloat16Storage', 'BF16', Uint16Array, 2),
  new StorageType('torch.LongStorage', 'I64', BigInt64Array, 8),
  new StorageType('torch.IntStorage', 'I32', Int32Array, 4),
  new StorageType('torch.ShortStorage', 'I16', Int16Array, 2),
  new StorageType('torch.CharStorage', 'I8', Int8Array, 1),
  new StorageType('torch.ByteStorage', 'U8', Uint8Array, 1),
  new StorageType('torch.BoolStorage', 'BOOL', Uint8Array, 1),
];

/** A flat array in the file that tensors are views of. */
export class Storage extends Intermediate {
  readonly name = 'a storage';
  readonly type: StorageType;
  /** Number of values. */
  readonly count: number;
  /** The values, little-endian, at any alignment. In the stream form they follow after the pickle: not before its end. */
  readonly bytes: () => Uint8Array;

  constructor(type: StorageType, count: number, bytes: () => Uint8Array) {
    super();
    this.type = type;
    this.count = count;
    this.bytes = bytes;
  }

  /** A storage that is a part of this one; offset and count are in values and within. */
  part(offset: number, count: number): Storage {
    const { width } = this.type;
    const bytes = (): Uint8Array => this.bytes().subarray(offset * width, (offset + count) * width);
    return new Storage(this.type, count, bytes);
  }
}

/** Gives the storage that a pickle refers to as `('storage', class, key, device, number of values)`. */
export type FindStorage = (type: StorageType, key: string, count: number) => Storage;
