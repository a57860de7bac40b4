import { describe } from './describe.js';
import { objectMemoryOf, tensorBudgetOf } from './limits.js';
import { toPlainData } from './plain-data.js';
import { createPyTorchHost } from './pytorch-host.js';
import { quote, refuse } from './refuse.js';
import { Storage, type StorageType } from './storage.js';
import { unpickle } from './unpickle.js';
import type { PyTorchValue } from './value.js';

const MAGIC = 0x1950a86a20f9469cfc6cn;
const VERSION = 1001;
const COUNT_BYTES = 8;

/** What the pickle says of a storage before its values come. */
interface Announced {
  readonly type: StorageType;
  readonly count: number;
}

/**
 * Reads the stream form, which `torch.save` wrote before PyTorch 1.6: five pickles one after the other (a magic number, a
 * version, what machine wrote it, the object, the keys of its storages), then for each key the number of values, as int64, and
 * the values.
 *
 * @throws SegprobeError `FILE_INVALID`; see `readPyTorchCheckpoint`.
 */
export function readStreamForm(bytes: Uint8Array, what: string): PyTorchValue {
  const announced = new Map<string, Announced>();
  let storages: ReadonlyMap<string, Uint8Array> = new Map();
  const host = createPyTorchHost((type, key, count) => {
    const known = announced.get(key);
    if (known !== undefined && (known.type !== type || known.count !== count)) {
      const before = `${known.count} values of ${known.type.dtype} in storage ${quote(key)}`;
      refuse(what, `${before}, as before`, `${count} of ${type.dtype}`);
    }
    announced.set(key, { type, count });
    return new Storage(type, count, () => storages.get(key)!);
  }, what);
  let at = 0;
  const next = (): unknown => {
    const maxMemory = objectMemoryOf(bytes.length);
    const { value, end } = unpickle(bytes, { host, maxMemory, what, start: at });
    at = end;
    return value;
  };
  assertStart([next(), next(), next()], what);
  const value = next();
  const keys = toKeys(next(), announced, what);
  storages = readStorages(bytes, at, keys, announced, what);
  return toPlainData(value, tensorBudgetOf(bytes.length), what);
}

function assertStart([magic, version, machine]: readonly unknown[], what: string): void {
  if (magic !== MAGIC) refuse(what, "PyTorch's magic number", describe(magic));
  if (version !== VERSION) refuse(what, `version ${VERSION}`, describe(version));
  const isLittle = machine instanceof Map && machine.get('little_endian') === true;
  if (!isLittle) refuse(what, 'little-endian values', 'another byte order');
}

/** Checks the list of keys: those of the storages that the object refers to, each once, in any order. */
function toKeys(list: unknown, announced: ReadonlyMap<string, Announced>, what: string): string[] {
  const keys = new Set(Array.isArray(list) ? (list as unknown[]) : []);
  const isWhole = Array.isArray(list) && list.length === keys.size;
  const missing = [...announced.keys()].find((key) => !keys.has(key));
  if (!isWhole || missing !== undefined || keys.size !== announced.size) {
    const found = missing === undefined ? 'others' : `none of ${quote(missing)}`;
    refuse(what, `the keys of ${announced.size} storages`, found);
  }
  return [...keys] as string[];
}

function readStorages(
  bytes: Uint8Array,
  start: number,
  keys: readonly string[],
  announced: ReadonlyMap<string, Announced>,
  what: string,
): Map<string, Uint8Array> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const storages = new Map<string, Uint8Array>();
  let at = start;
  for (const key of keys) {
    const { type, count } = announced.get(key)!;
    const label = `${what}: storage ${quote(key)}`;
    const left = bytes.length - at - COUNT_BYTES;
    if (left < 0) refuse(label, `${COUNT_BYTES} bytes more`, 'the end (truncated?)');
    const found = view.getBigInt64(at, true);
    if (found !== BigInt(count)) refuse(label, `${count} values`, `${found}`);
    const size = count * type.width;
    if (size > left) refuse(label, `${size} bytes more`, `${left} (truncated?)`);
    at += COUNT_BYTES;
    storages.set(key, bytes.subarray(at, (at += size)));
  }
  if (at !== bytes.length) {
    refuse(what, 'the end after the last storage', `${bytes.length - at} bytes more`);
  }
  return storages;
}
