import type { Safetensor } from '../../shared/safetensors.js';
import { describe } from './pickle-machine.js';
import { refuse } from './refuse.js';
import { Storage } from './storage.js';

/** Far above any network's; PyTorch itself has 64. */
const MAX_RANK = 32;
/** What a tensor costs beside its values. */
const TENSOR_BYTES = 256;

/** How many bytes of tensors may still be made: views of one storage could else fill any memory. */
export interface TensorBudget {
  remaining: number;
}

/**
 * Copies a view of a storage, `torch._utils._rebuild_tensor_v2`, in row-major order.
 *
 * @param args - storage, offset, shape and strides in elements, then what only training needs.
 * @throws SegprobeError `FILE_INVALID` where the view reaches outside the storage or the budget is spent.
 */
export function rebuildTensor(
  args: readonly unknown[],
  budget: TensorBudget,
  what: string,
): Safetensor {
  const [storage, offset, sizes, strides] = args;
  if (!(storage instanceof Storage)) refuse(what, 'a storage for a tensor', describe(storage));
  if (!isSize(offset)) refuse(what, 'a whole number as offset of a tensor', describe(offset));
  const shape = toSizes(sizes, 'shape', what);
  const steps = toSizes(strides, 'strides', what);
  if (steps.length !== shape.length) {
    refuse(what, `${shape.length} strides for shape [${shape.join(', ')}]`, `${steps.length}`);
  }
  const { dtype, array, width } = storage.type;
  const count = shape.includes(0) ? 0 : shape.reduce((product, size) => product * size, 1);
  budget.remaining -= count * width + TENSOR_BYTES;
  if (budget.remaining < 0) {
    refuse(what, 'tensors not much larger than the file', `one more of [${shape.join(', ')}]`);
  }
  const available = storage.bytes.length / width;
  const last = shape.reduce((at, size, d) => at + (size - 1) * steps[d]!, offset);
  if (count > 0 && last >= available) {
    refuse(what, `a tensor within ${available} values of ${dtype}`, `one that ends at ${last}`);
  }
  const own = isContiguous(shape, steps)
    ? new Uint8Array(storage.bytes.subarray(offset * width, (offset + count) * width))
    : gather(storage, offset, shape, steps, count);
  return { dtype, shape, data: new array(own.buffer) } as Safetensor;
}

/** Reads a list of sizes, as a copy: what the pickle does to its list later changes nothing. */
export function toSizes(value: unknown, role: string, what: string): number[] {
  if (!Array.isArray(value) || value.length > MAX_RANK || !value.every(isSize)) {
    refuse(what, `at most ${MAX_RANK} whole numbers as ${role} of a tensor`, describe(value));
  }
  return value.slice();
}

function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isContiguous(shape: readonly number[], steps: readonly number[]): boolean {
  if (shape.includes(0)) return true;
  let step = 1;
  for (let d = shape.length - 1; d >= 0; d--) {
    if (shape[d] !== 1 && steps[d] !== step) return false;
    step *= shape[d]!;
  }
  return true;
}

/** Counts through all indices, the last fastest, and copies value by value: the bytes may lie at any alignment. */
function gather(
  { bytes, type: { width } }: Storage,
  offset: number,
  shape: readonly number[],
  strides: readonly number[],
  count: number,
): Uint8Array<ArrayBuffer> {
  const own = new Uint8Array(count * width);
  // An axis of size 1 is never walked, and its stride may be anything.
  const steps = strides.map((step, d) => (shape[d] === 1 ? 0 : step * width));
  const index = new Uint32Array(shape.length);
  let from = offset * width;
  for (let to = 0; to < own.length;) {
    for (let i = 0; i < width; i++) own[to++] = bytes[from + i]!;
    for (let d = shape.length - 1; d >= 0; d--) {
      from += steps[d]!;
      if (++index[d]! < shape[d]!) break;
      from -= steps[d]! * shape[d]!;
      index[d] = 0;
    }
  }
  return own;
}
