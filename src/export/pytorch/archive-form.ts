import { objectMemoryOf, tensorBudgetOf } from './limits.js';
import { toPlainData } from './plain-data.js';
import { createPyTorchHost } from './pytorch-host.js';
import { quote, refuse } from './refuse.js';
import { type FindStorage, Storage } from './storage.js';
import { unpickle } from './unpickle.js';
import type { PyTorchValue } from './value.js';
import { readZip } from './zip.js';

/**
 * Reads the zip form, which `torch.save` writes from PyTorch 1.6 on: `ROOT/data.pkl`, and a storage in each `ROOT/data/KEY`.
 *
 * @throws SegprobeError `FILE_INVALID`; see `readPyTorchCheckpoint`.
 */
export function readArchiveForm(bytes: Uint8Array, what: string): PyTorchValue {
  const { pickle, storages, size } = splitArchive(readZip(bytes, what), what);
  const label = `${what}: data.pkl`;
  const { value } = unpickle(pickle, {
    host: createPyTorchHost(finderIn(storages, label), label),
    maxMemory: objectMemoryOf(bytes.length),
    what: label,
  });
  return toPlainData(value, tensorBudgetOf(size), label);
}

function finderIn(storages: ReadonlyMap<string, Uint8Array>, what: string): FindStorage {
  return (type, key, count) => {
    const bytes = storages.get(key);
    if (bytes === undefined) refuse(what, `storage ${quote(key)} in the file`, 'none');
    if (bytes.length !== count * type.width) {
      const expected = `${count} values of ${type.dtype} in storage ${quote(key)}`;
      refuse(what, expected, `${bytes.length} bytes`);
    }
    return new Storage(type, count, () => bytes);
  };
}

/** Finds `ROOT/data.pkl` and `ROOT/data/KEY` among a zip file's entries. */
function splitArchive(
  entries: ReadonlyMap<string, Uint8Array>,
  what: string,
): { pickle: Uint8Array; storages: Map<string, Uint8Array>; size: number } {
  let root: string | undefined;
  let size = 0;
  const records = new Map<string, Uint8Array>();
  for (const [name, content] of entries) {
    const slash = name.indexOf('/') + 1;
    root ??= name.slice(0, slash);
    if (slash === 0 || !name.startsWith(root)) {
      refuse(what, 'a PyTorch checkpoint, all entries in one folder', `entry ${quote(name)}`);
    }
    records.set(name.slice(slash), content);
    size += content.length;
  }
  const pickle = records.get('data.pkl');
  if (pickle === undefined) refuse(what, 'a PyTorch checkpoint with data.pkl', 'a zip without');
  const order = records.get('byteorder');
  if (order !== undefined && new TextDecoder().decode(order.subarray(0, 9)) !== 'little') {
    refuse(what, 'little-endian values', 'another byte order');
  }
  const storages = new Map<string, Uint8Array>();
  for (const [name, content] of records) {
    if (name.startsWith('data/')) storages.set(name.slice('data/'.length), content);
  }
  return { pickle, storages, size };
}
