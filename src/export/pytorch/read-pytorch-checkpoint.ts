import { createPyTorchHost } from './pytorch-host.js';
import { describe } from './pickle-machine.js';
import { quote, refuse } from './refuse.js';
import { unpickle } from './unpickle.js';
import { Intermediate } from './value.js';
import type { PyTorchValue } from './value.js';
import { readZip } from './zip.js';

/** How the older form begins: a pickle of protocol 2 that holds this number of 80 bits alone. */
const STREAM_MAGIC = [
  0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19,
];
/** Tied weights are stored once and read twice; an expanded tensor is larger than its storage. */
const MAX_TENSOR_EXPANSION = 4;
const TENSOR_SLACK = 16 << 20;
/** A tensor takes some 400 bytes of a file and makes some twenty objects. */
const BYTES_PER_OBJECT = 8;
const OBJECT_SLACK = 4096;
const MAX_OBJECTS = 1 << 22;
const MAX_DEPTH = 64;

/**
 * Reads a checkpoint that `torch.save` of PyTorch 1.6 or later wrote, without PyTorch and without running anything in
 * it: only tensors and plain data are built, in time and memory that the file's size bounds.
 *
 * @param what - names the file in messages.
 * @throws SegprobeError `FILE_INVALID` for damaged files, for objects other than tensors and plain data, and for the
 * stream form of older PyTorch.
 */
export function readPyTorchCheckpoint(bytes: Uint8Array, what: string): PyTorchValue {
  if (STREAM_MAGIC.every((byte, i) => bytes[i] === byte)) {
    refuse(
      what,
      'a checkpoint in zip form (torch.save of PyTorch 1.6 or later)',
      'the older stream form, which is not read yet; load it in PyTorch and save it again',
    );
  }
  const { pickle, storages, size } = splitArchive(readZip(bytes, what), what);
  const budget = { remaining: MAX_TENSOR_EXPANSION * size + TENSOR_SLACK };
  const maxObjects = Math.min(bytes.length / BYTES_PER_OBJECT + OBJECT_SLACK, MAX_OBJECTS);
  const label = `${what}: data.pkl`;
  const host = createPyTorchHost(storages, budget, label);
  const value = unpickle(pickle, host, Math.floor(maxObjects), label);
  measureDepth(value, 0, new Map(), label);
  return value as PyTorchValue;
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

/**
 * Checks that a value is plain data through and through and of bounded depth; what contains itself is of none.
 * Each object is measured once, however often it is referred to.
 */
function measureDepth(
  value: unknown,
  above: number,
  known: Map<object, number>,
  what: string,
): number {
  if (value instanceof Intermediate) refuse(what, 'plain data', describe(value));
  const children = value instanceof Map ? value.values() : Array.isArray(value) ? value : undefined;
  if (children === undefined) return 0;
  let depth = known.get(value as object);
  if (depth === undefined) {
    if (above >= MAX_DEPTH) refuse(what, `nesting of at most ${MAX_DEPTH}`, 'more');
    depth = 0;
    for (const child of children as Iterable<unknown>) {
      depth = Math.max(depth, 1 + measureDepth(child, above + 1, known, what));
    }
    known.set(value as object, depth);
  }
  if (above + depth > MAX_DEPTH) refuse(what, `nesting of at most ${MAX_DEPTH}`, 'more');
  return depth;
}
