import type { Safetensor } from '../../../src/shared/safetensors.js';
import type { NamedTensors } from '../../../src/train/packing.js';
import { checkpointOf, pickle, pickleTensor, streamOf } from '../pytorch/pickles.js';

/** What a Python dictionary may hold here. */
export type Plain =
  | number
  | boolean
  | string
  | null
  | Safetensor
  | readonly Plain[]
  | { readonly [key: string]: Plain }
  | ReadonlyMap<number | string, Plain>;

const STORAGES: Partial<Record<Safetensor['dtype'], string>> = {
  F64: 'DoubleStorage',
  F32: 'FloatStorage',
  F16: 'HalfStorage',
  I64: 'LongStorage',
};

/** Writes a checkpoint as `torch.save` does: in one of its forms, each tensor in a storage of its own. */
export function pytorchFile(value: Plain, form: 'zip' | 'stream' = 'zip'): Uint8Array<ArrayBuffer> {
  const storages: Record<string, Safetensor['data']> = {};
  const opcodes = toPickle(value, storages);
  return form === 'zip' ? checkpointOf(opcodes, storages) : streamOf(opcodes, storages);
}

/** Tensors as a state dict. */
export function stateDict(tensors: NamedTensors, prefix = ''): Record<string, Safetensor> {
  return Object.fromEntries([...tensors].map(([name, tensor]) => [prefix + name, tensor]));
}

function toPickle(value: Plain, storages: Record<string, Safetensor['data']>): number[] {
  const { dict, list, text } = pickle;
  if (value === null) return pickle.none;
  if (typeof value === 'string') return text(value);
  if (typeof value === 'boolean') return value ? pickle.true : pickle.false;
  if (typeof value === 'number') return float(value);
  if (Array.isArray(value)) return list(...value.map((item: Plain) => toPickle(item, storages)));
  if (isSafetensor(value)) return toTensor(value, storages);
  const entries = value instanceof Map ? [...value] : Object.entries(value);
  return dict(
    ...entries.flatMap(([key, item]: [number | string, Plain]) => [
      toPickle(key, storages),
      toPickle(item, storages),
    ]),
  );
}

function isSafetensor(value: object): value is Safetensor {
  return 'dtype' in value;
}

function toTensor(
  { dtype, shape, data }: Safetensor,
  storages: Record<string, Safetensor['data']>,
): number[] {
  const key = String(Object.keys(storages).length);
  storages[key] = data;
  const strides = shape.map((_, d) => shape.slice(d + 1).reduce((a, b) => a * b, 1));
  const stored = data.length;
  return pickleTensor({
    storageClass: STORAGES[dtype]!,
    key,
    stored,
    shape,
    strides,
    part: pickle.none,
  });
}

function float(value: number): number[] {
  if (Number.isInteger(value) && Math.abs(value) < 2 ** 31) return pickle.integer(value);
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setFloat64(0, value, false);
  return [0x47, ...bytes];
}
