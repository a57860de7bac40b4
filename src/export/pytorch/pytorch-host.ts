import { describe } from './describe.js';
import { assertLittleEndian, NumpyDtype, toLatin1Bytes, toScalar } from './numpy-scalar.js';
import { MEMORY } from './limits.js';
import type { PickleHost, Spend } from './pickle-machine.js';
import { quote, refuse } from './refuse.js';
import { STORAGE_TYPES, StorageType } from './storage.js';
import type { FindStorage, Storage } from './storage.js';
import { TensorView, toSizes } from './tensor-view.js';
import { Intermediate, isKey } from './value.js';
import type { PyTorchKey } from './value.js';

/** PyTorch's are numbers, in decimal digits. */
const MAX_STORAGE_KEY = 256;

type Construct = (args: readonly unknown[], what: string, spend: Spend) => unknown;

/** A Python function, played by one of ours. */
class Constructor extends Intermediate {
  readonly name: string;
  readonly construct: Construct;

  constructor(name: string, construct: Construct) {
    super();
    this.name = name;
    this.construct = construct;
  }
}

const CONSTRUCTORS: Readonly<Record<string, Construct>> = {
  // The first version is PyTorch's before 0.4.
  'torch._utils._rebuild_tensor': (args, what) => new TensorView(args, what),
  'torch._utils._rebuild_tensor_v2': (args, what) => new TensorView(args, what),
  'torch._utils._rebuild_parameter': toParameter,
  'torch._utils._rebuild_parameter_with_state': toParameter,
  'torch.Size': ([sizes], what) => toSizes(sizes, 'size', what),
  'collections.OrderedDict': toDictionary,
  // NumPy has moved it twice.
  'numpy.core._multiarray_umath.scalar': toScalar,
  'numpy.core.multiarray.scalar': toScalar,
  'numpy._core.multiarray.scalar': toScalar,
  'numpy.dtype': ([code], what) => new NumpyDtype(code, what),
  '_codecs.encode': toLatin1Bytes,
};

/** Every name a checkpoint may refer to. Nothing is looked up anywhere else. */
const KNOWN: ReadonlyMap<string, Constructor | StorageType> = new Map(
  [
    ...STORAGE_TYPES,
    ...Object.entries(CONSTRUCTORS).map(([name, construct]) => new Constructor(name, construct)),
  ].map((known) => [known.name, known]),
);

/**
 * Gives the pickle of a checkpoint its meaning.
 *
 * @param findStorage - finds what a persistent id refers to.
 * @param what - names the pickle in messages.
 */
export function createPyTorchHost(findStorage: FindStorage, what: string): PickleHost {
  return {
    find: (module, name) =>
      KNOWN.get(`${module}.${name}`) ??
      refuse(
        what,
        'tensors and plain data (save model.state_dict(), not the model)',
        `an object of module ${quote(module)}, name ${quote(name)}`,
      ),
    call: (callee, args, spend) =>
      callee instanceof Constructor
        ? callee.construct(args, what, spend)
        : refuse(what, 'a function', describe(callee)),
    build: (target, state) => {
      if (target instanceof NumpyDtype) assertLittleEndian(state, what);
      // A state dict's _metadata, layers' versions, is dropped.
      else if (!(target instanceof Map)) refuse(what, 'an object with state', describe(target));
    },
    load: (id) => toStorage(id, findStorage, what),
  };
}

function toParameter([tensor]: readonly unknown[], what: string): TensorView {
  return tensor instanceof TensorView
    ? tensor
    : refuse(what, 'a tensor as parameter', describe(tensor));
}

/** `OrderedDict()`, filled afterwards, or as Python 2 writes it: `OrderedDict([[key, value], …])`. */
function toDictionary(
  args: readonly unknown[],
  what: string,
  spend: Spend,
): Map<PyTorchKey, unknown> {
  const [pairs = []] = args;
  if (args.length > 1 || !Array.isArray(pairs)) {
    refuse(what, 'an OrderedDict of pairs', args.map(describe).join(', '));
  }
  const dictionary = new Map<PyTorchKey, unknown>();
  for (const pair of pairs as unknown[]) {
    const [key, value] = Array.isArray(pair) && pair.length === 2 ? (pair as unknown[]) : [];
    if (!isKey(key)) refuse(what, 'pairs of a name and a value', describe(pair));
    spend(MEMORY.entry);
    dictionary.set(key, value);
  }
  return dictionary;
}

/**
 * Finds `('storage', class, key, device, number of values)`; the stream form adds `None`, or `(key, offset, number of values)`
 * where what is meant is a part of that storage.
 */
function toStorage(id: unknown, findStorage: FindStorage, what: string): Storage {
  const [kind, type, key, , count, part] = Array.isArray(id) ? (id as unknown[]) : [];
  if (kind !== 'storage' || !(type instanceof StorageType) || !isStorageKey(key)) {
    refuse(what, "('storage', class, key, …)", `(${[kind, type, key].map(describe).join(', ')})`);
  }
  if (!isCount(count)) refuse(what, `the size of storage ${quote(key)}`, describe(count));
  const storage = findStorage(type, key, count);
  return part === undefined || part === null ? storage : toPart(storage, part, what);
}

function toPart(storage: Storage, part: unknown, what: string): Storage {
  const [, offset, count] = Array.isArray(part) ? (part as unknown[]) : [];
  if (!isCount(offset) || !isCount(count) || offset + count > storage.count) {
    refuse(
      what,
      `a part of a storage of ${storage.count} values`,
      `${describe(count)} from ${describe(offset)}`,
    );
  }
  return storage.part(offset, count);
}

function isStorageKey(key: unknown): key is string {
  return typeof key === 'string' && key.length <= MAX_STORAGE_KEY;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
