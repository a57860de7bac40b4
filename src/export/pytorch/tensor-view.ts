import type { Safetensor } from '../../shared/safetensors.js';
import { describe } from './describe.js';
import { refuse } from './refuse.js';
import { Storage } from './storage.js';
import { Intermediate } from './value.js';

/** Far above any network's; PyTorch itself has 64. */
const MAX_RANK = 32;
/** What a tensor costs beside its values. */
const TENSOR_BYTES = 256;

/** How many bytes of tensors may still be made: views of one storage could else fill any memory. */
export interface TensorBudget {
  remaining: number;
}

/** A tensor as the file has it: a view of a storage, not read yet. */
export class TensorView extends Intermediate {
  readonly name = 'a tensor';
  readonly storage: Storage;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  #tensor: Safetensor | undefined;

  /**
   * @param args - of `torch._utils._rebuild_tensor` and `_rebuild_tensor_v2`: storage, offset, shape and strides in elements,
   * then what only training needs.
   * @throws SegprobeError `FILE_INVALID` for other arguments.
   */
  constructor([storage, offset, sizes, strides]: readonly unknown[], what: string) {
    super();
    if (!(storage instanceof Storage)) refuse(what, 'a storage for a tensor', describe(storage));
    if (!isSize(offset)) refuse(what, 'a whole number as offset of a tensor', describe(offset));
    this.storage = storage;
    this.offset = offset;
    this.shape = toSizes(sizes, 'shape', what);
    this.strides = toSizes(strides, 'strides', what);
    const [rank, steps] = [this.shape.length, this.strides.length];
    if (steps !== rank) {
      refuse(what, `${rank} strides for shape [${this.shape.join(', ')}]`, `${steps}`);
    }
  }

  /**
   * Copies the view in row-major order, once: later calls give the same tensor.
   * @throws SegprobeError `FILE_INVALID` where the view reaches outside the storage or the budget is spent.
   */
  read(budget: TensorBudget, what: string): Safetensor {
    return (this.#tensor ??= this.#copy(budget, what));
  }

  #copy(budget: TensorBudget, what: string): Safetensor {
    const { storage, offset, shape, strides } = this;
    const { dtype, array, width } = storage.type;
    const count = shape.includes(0) ? 0 : shape.reduce((product, size) => product * size, 1);
    budget.remaining -= count * width + TENSOR_BYTES;
    if (budget.remaining < 0) {
      refuse(what, 'tensors not much larger than the file', `one more of [${shape.join(', ')}]`);
    }
    const last = shape.reduce((at, size, d) => at + (size - 1) * strides[d]!, offset);
    if (count > 0 && last >= storage.count) {
      refuse(what, `a tensor within ${storage.count} values of ${dtype}`, `one to ${last}`);
    }
    const bytes = storage.bytes();
    const own = isContiguous(shape, strides)
      ? new Uint8Array(bytes.subarray(offset * width, (offset + count) * width))
      : gather(bytes, width, this, count);
    return { dtype, shape, data: new array(own.buffer) } as Safetensor;
  }
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

function isContiguous(shape: readonly number[], strides: readonly number[]): boolean {
  if (shape.includes(0)) return true;
  let step = 1;
  for (let d = shape.length - 1; d >= 0; d--) {
    if (shape[d] !== 1 && strides[d] !== step) return false;
    step *= shape[d]!;
  }
  return true;
}

/** Counts through all indices, the last fastest, and copies value by value: the bytes may lie at any alignment. */
function gather(
  bytes: Uint8Array,
  width: number,
  { offset, shape, strides }: Pick<TensorView, 'offset' | 'shape' | 'strides'>,
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
