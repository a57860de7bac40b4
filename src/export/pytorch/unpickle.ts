import { describe } from './describe.js';
import { MEMORY } from './limits.js';
import { PickleMachine } from './pickle-machine.js';
import type { PickleOptions } from './pickle-machine.js';

const STOP = 0x2e;
const MAX_NAME = 512;
/** PyTorch's magic number has 10. */
const MAX_INTEGER_BYTES = 16;
const PROTOCOLS = { first: 2, last: 5 } as const;

/** Every opcode that Python writes for plain data and tensors in protocols 2 to 5; no other is obeyed. */
const OPCODES: ReadonlyMap<number, (machine: PickleMachine) => void> = new Map([
  [0x80, readProtocol],
  [0x95, (m) => void m.take(8)], // FRAME: how many bytes follow; all are in memory already
  // Constants and numbers
  [0x4e, (m) => m.push(null)], // NONE
  [0x88, (m) => m.push(true)], // NEWTRUE
  [0x89, (m) => m.push(false)], // NEWFALSE
  [0x4a, (m) => m.push(m.take(4).getInt32(0, true))], // BININT
  [0x4b, (m) => m.push(m.byte())], // BININT1
  [0x4d, (m) => m.push(m.take(2).getUint16(0, true))], // BININT2
  [0x8a, (m) => m.push(readLong(m))], // LONG1
  [0x49, (m) => m.push(readInteger(m))], // INT: Python 2, where it is too large for BININT
  [0x47, (m) => m.push(m.take(8).getFloat64(0, false))], // BINFLOAT
  // Text and bytes
  [0x58, (m) => m.push(m.text(m.take(4).getUint32(0, true)))], // BINUNICODE
  [0x8c, (m) => m.push(m.text(m.byte()))], // SHORT_BINUNICODE
  [0x54, (m) => pushLatin1(m, m.take(4).getUint32(0, true))], // BINSTRING: Python 2
  [0x55, (m) => pushLatin1(m, m.byte())], // SHORT_BINSTRING
  [0x42, (m) => pushBytes(m, m.take(4).getUint32(0, true))], // BINBYTES
  [0x43, (m) => pushBytes(m, m.byte())], // SHORT_BINBYTES
  // Tuples, lists, dictionaries
  [0x28, (m) => m.mark()], // MARK
  [0x29, (m) => pushList(m, [])], // EMPTY_TUPLE
  [0x74, (m) => pushList(m, m.popToMark())], // TUPLE
  [0x85, (m) => pushList(m, m.popTuple(1))], // TUPLE1
  [0x86, (m) => pushList(m, m.popTuple(2))], // TUPLE2
  [0x87, (m) => pushList(m, m.popTuple(3))], // TUPLE3
  [0x5d, (m) => pushList(m, [])], // EMPTY_LIST
  [0x61, (m) => append(m, [m.pop()])], // APPEND
  [0x65, (m) => append(m, m.popToMark())], // APPENDS
  [0x7d, (m) => pushNew(m, new Map(), MEMORY.dictionary)], // EMPTY_DICT
  [0x73, (m) => m.setItems(m.popTuple(2))], // SETITEM
  [0x75, (m) => m.setItems(m.popToMark())], // SETITEMS
  // References to what was read before
  [0x71, (m) => m.put(m.byte())], // BINPUT
  [0x72, (m) => m.put(m.take(4).getUint32(0, true))], // LONG_BINPUT
  [0x94, (m) => m.memoize()], // MEMOIZE
  [0x68, (m) => m.push(m.get(m.byte()))], // BINGET
  [0x6a, (m) => m.push(m.get(m.take(4).getUint32(0, true)))], // LONG_BINGET
  // Objects, by the host's leave
  [0x63, (m) => m.push(m.host.find(m.line(), m.line()))], // GLOBAL
  [0x93, findByStack], // STACK_GLOBAL
  [0x52, reduce], // REDUCE
  [0x62, build], // BUILD
  [0x51, (m) => pushNew(m, m.host.load(m.pop()), MEMORY.other)], // BINPERSID
] satisfies [number, (machine: PickleMachine) => void][]);

/**
 * Reads a Python pickle without Python: a fixed table of opcodes builds plain data, and `host` decides what a class name
 * may mean. Time and memory are bounded by the number of bytes and by `maxMemory`.
 *
 * @returns the object, and where the bytes after the pickle begin.
 * @throws SegprobeError `FILE_INVALID` for everything else.
 * @see https://docs.python.org/3/library/pickletools.html
 */
export function unpickle(
  bytes: Uint8Array,
  options: PickleOptions,
): { readonly value: unknown; readonly end: number } {
  const machine: PickleMachine = new PickleMachine(bytes, options);
  for (let code = machine.byte(); code !== STOP; code = machine.byte()) {
    const run = OPCODES.get(code);
    if (run === undefined) {
      machine.refuse('an opcode of plain data and tensors', `0x${code.toString(16)}`);
    }
    run(machine);
  }
  return { value: machine.result(), end: machine.at };
}

function readProtocol(m: PickleMachine): void {
  const protocol = m.byte();
  if (protocol < PROTOCOLS.first || protocol > PROTOCOLS.last) {
    m.refuse(`pickle protocol ${PROTOCOLS.first} to ${PROTOCOLS.last}`, `${protocol}`);
  }
}

/** Reads little-endian two's complement; a number where it is exact. */
function readLong(m: PickleMachine): number | bigint {
  const count = m.byte();
  if (count > MAX_INTEGER_BYTES) {
    m.refuse(`a number of at most ${MAX_INTEGER_BYTES} bytes`, `${count} bytes`);
  }
  let value = 0n;
  for (const byte of [...m.blob(count)].reverse()) value = (value << 8n) | BigInt(byte);
  value = BigInt.asIntN(8 * count, value);
  const rounded = Number(value);
  return Number.isSafeInteger(rounded) ? rounded : value;
}

/** A number in decimal digits, at most as many as a 64-bit one has. */
function readInteger(m: PickleMachine): number | bigint {
  const line = m.line();
  if (!/^-?\d{1,19}$/.test(line)) m.refuse('a number of at most 19 digits', describe(line));
  const rounded = Number(line);
  return Number.isSafeInteger(rounded) ? rounded : BigInt(line);
}

/** Python 2's text is bytes: each becomes one character, so that none is lost. */
function pushLatin1(m: PickleMachine, count: number): void {
  const { buffer, byteOffset } = m.blob(count);
  pushNew(m, Buffer.from(buffer, byteOffset, count).toString('latin1'), MEMORY.text + count);
}

function pushBytes(m: PickleMachine, count: number): void {
  // A copy: the result does not keep the file alive.
  pushNew(m, new Uint8Array(m.blob(count)), MEMORY.bytes + count);
}

function pushList(m: PickleMachine, items: unknown[]): void {
  pushNew(m, items, MEMORY.list);
}

function pushNew(m: PickleMachine, item: unknown, bytes: number): void {
  m.spend(bytes);
  m.push(item);
}

function append(m: PickleMachine, items: readonly unknown[]): void {
  const list = m.topList();
  for (const item of items) list.push(item);
}

function findByStack(m: PickleMachine): void {
  const [module, name] = m.popTuple(2);
  if (typeof module !== 'string' || typeof name !== 'string') {
    m.refuse('the name of a class', `${describe(module)}, ${describe(name)}`);
  }
  if (module.length + name.length > MAX_NAME) {
    m.refuse(`the name of a class, at most ${MAX_NAME} characters`, 'a longer one');
  }
  m.push(m.host.find(module, name));
}

function reduce(m: PickleMachine): void {
  const [callee, args] = m.popTuple(2);
  if (!Array.isArray(args)) m.refuse('arguments', describe(args));
  m.spend(MEMORY.call);
  m.push(m.host.call(callee, args as unknown[], m.spend));
}

function build(m: PickleMachine): void {
  const state = m.pop();
  m.host.build(m.top(), state);
}
