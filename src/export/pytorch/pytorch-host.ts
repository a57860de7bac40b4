import { assertLittleEndian, NumpyDtype, toLatin1Bytes, toScalar } from './numpy-scalar.js';
import { describe } from './pickle-machine.js';
import type { PickleHost } from './pickle-machine.js';
import { rebuildTensor, toSizes } from './rebuild-tensor.js';
import type { TensorBudget } from './rebuild-tensor.js';
import { quote, refuse } from './refuse.js';
import { Storage, STORAGE_TYPES, StorageType } from './storage.js';
import { Intermediate } from './value.js';

interface Context {
  readonly budget: TensorBudget;
  readonly what: string;
}

/** A Python function, played by one of ours. */
class Constructor extends Intermediate {
  readonly name: string;
  readonly construct: (args: readonly unknown[], context: Context) => unknown;

  constructor(name: string, construct: Constructor['construct']) {
    super();
    this.name = name;
    this.construct = construct;
  }
}

/** Every name a checkpoint may refer to. Nothing is looked up anywhere else. */
const KNOWN: ReadonlyMap<string, Constructor | StorageType> = new Map(
  [
    ...STORAGE_TYPES,
    new Constructor('torch._utils._rebuild_tensor_v2', (args, { budget, what }) =>
      rebuildTensor(args, budget, what),
    ),
    new Constructor('torch._utils._rebuild_parameter', ([tensor], { what }) =>
      typeof tensor === 'object' && tensor !== null && 'dtype' in tensor
        ? tensor
        : refuse(what, 'a tensor as parameter', describe(tensor)),
    ),
    new Constructor('torch.Size', ([sizes], { what }) => toSizes(sizes, 'size', what)),
    new Constructor('collections.OrderedDict', (args, { what }) =>
      args.length === 0 ? new Map() : refuse(what, 'an OrderedDict without arguments', 'some'),
    ),
    // NumPy 2 moved its core.
    new Constructor('numpy.core.multiarray.scalar', (args, { what }) => toScalar(args, what)),
    new Constructor('numpy._core.multiarray.scalar', (args, { what }) => toScalar(args, what)),
    new Constructor('numpy.dtype', ([code], { what }) => new NumpyDtype(code, what)),
    new Constructor('_codecs.encode', (args, { what }) => toLatin1Bytes(args, what)),
  ].map((known) => [known.name, known]),
);

/**
 * Gives the pickle of a checkpoint its meaning.
 *
 * @param storages - the storages' bytes by key.
 * @param budget - how many bytes of tensors may be made.
 * @param what - names the pickle in messages.
 */
export function createPyTorchHost(
  storages: ReadonlyMap<string, Uint8Array>,
  budget: TensorBudget,
  what: string,
): PickleHost {
  return {
    find: (module, name) =>
      KNOWN.get(`${module}.${name}`) ??
      refuse(
        what,
        'tensors and plain data (save model.state_dict(), not the model)',
        `an object of module ${quote(module)}, name ${quote(name)}`,
      ),
    call: (callee, args) =>
      callee instanceof Constructor
        ? callee.construct(args, { budget, what })
        : refuse(what, 'a function', describe(callee)),
    build: (target, state) => {
      if (target instanceof NumpyDtype) assertLittleEndian(state, what);
      // A state dict's _metadata, layers' versions, is dropped.
      else if (!(target instanceof Map)) refuse(what, 'an object with state', describe(target));
    },
    load: (id) => toStorage(id, storages, what),
  };
}

/** Finds `('storage', class, key, device, number of values)`. */
function toStorage(id: unknown, storages: ReadonlyMap<string, Uint8Array>, what: string): Storage {
  const [kind, type, key, , count] = Array.isArray(id) ? (id as unknown[]) : [];
  if (kind !== 'storage' || !(type instanceof StorageType) || typeof key !== 'string') {
    refuse(what, "('storage', class, key, …)", `(${[kind, type, key].map(describe).join(', ')})`);
  }
  const bytes = storages.get(key);
  if (bytes === undefined) refuse(what, `storage ${quote(key)} in the file`, 'none');
  if (!Number.isSafeInteger(count) || bytes.length !== (count as number) * type.width) {
    refuse(
      what,
      `${typeof count === 'number' ? count : describe(count)} values of ${type.dtype} in storage ${quote(key)}`,
      `${bytes.length} bytes`,
    );
  }
  return new Storage(type, bytes);
}
