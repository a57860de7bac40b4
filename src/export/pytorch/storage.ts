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
  /** Little-endian, at any alignment. */
  readonly bytes: Uint8Array;

  constructor(type: StorageType, bytes: Uint8Array) {
    super();
    this.type = type;
    this.bytes = bytes;
  }
}
