import { describe } from './describe.js';
import { MEMORY } from './limits.js';
import { refuse } from './refuse.js';
import { isKey } from './value.js';
import type { Intermediate, PyTorchKey } from './value.js';

/** Takes bytes of memory from what is left to a pickle; throws where they are more. */
export type Spend = (bytes: number) => void;

/** What gives a pickle its meaning: the classes it may name and the storages it may refer to. */
export interface PickleHost {
  /** The one thing called `module.name`; throws for all but the known. */
  readonly find: (module: string, name: string) => Intermediate;
  /** What a found thing makes of arguments; it tells `spend` how many bytes of memory that takes. */
  readonly call: (callee: unknown, args: readonly unknown[], spend: Spend) => unknown;
  /** Takes over further state of an object made before. */
  readonly build: (target: unknown, state: unknown) => void;
  /** The object that lies outside the pickle. */
  readonly load: (id: unknown) => unknown;
}

export interface PickleOptions {
  readonly host: PickleHost;
  /** How many bytes of memory its objects may take, tensors' values apart. */
  readonly maxMemory: number;
  /** Names the pickle in messages. */
  readonly what: string;
  /** Where in the bytes the pickle begins. @defaultValue 0 */
  readonly start?: number;
}

/** Python writes dictionaries and lists by thousands, so that only a tuple fills the stack. */
const MAX_STACK = 1_000_000;
const MAX_MARKS = 1000;
const MAX_LINE_BYTES = 256;
const DECODER = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The stack, memo and input of a pickle, each bounded: what the opcodes work on. */
export class PickleMachine {
  readonly host: PickleHost;
  readonly #what: string;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #stack: unknown[] = [];
  readonly #marks: number[] = [];
  readonly #memo = new Map<number, unknown>();
  readonly #maxMemory: number;
  #memory = 0;
  #at: number;

  constructor(bytes: Uint8Array, { host, maxMemory, what, start = 0 }: PickleOptions) {
    this.host = host;
    this.#what = what;
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#maxMemory = maxMemory;
    this.#at = start;
  }

  /** Where in the bytes the next opcode lies. */
  get at(): number {
    return this.#at;
  }

  /** Moves on by `count` bytes of input. @returns a view whose first byte they start at. */
  take(count: number): DataView {
    const begin = this.#at;
    if (count > this.#bytes.length - begin) {
      this.refuse(`${count} more bytes`, `${this.#bytes.length - begin} (truncated?)`);
    }
    this.#at += count;
    return new DataView(this.#view.buffer, this.#view.byteOffset + begin, count);
  }

  byte(): number {
    if (this.#at >= this.#bytes.length) this.refuse('an opcode', 'the end (truncated?)');
    return this.#bytes[this.#at++]!;
  }

  blob(count: number): Uint8Array {
    const { buffer, byteOffset } = this.take(count);
    return new Uint8Array(buffer, byteOffset, count);
  }

  text(count: number): string {
    const bytes = this.blob(count);
    try {
      this.spend(MEMORY.text + 2 * count);
      return DECODER.decode(bytes);
    } catch (cause) {
      this.refuse('text in UTF-8', 'other bytes', cause);
    }
  }

  line(): string {
    const end = this.#bytes.subarray(this.#at, this.#at + MAX_LINE_BYTES).indexOf(0x0a);
    if (end < 0) this.refuse(`a line of less than ${MAX_LINE_BYTES} bytes`, 'no end of it');
    const text = this.text(end);
    this.#at++;
    return text;
  }

  push(item: unknown): void {
    if (this.#stack.length >= MAX_STACK)
      this.refuse(`at most ${MAX_STACK} objects at once`, 'more');
    this.#stack.push(item);
  }

  pop(): unknown {
    if (this.#stack.length <= (this.#marks.at(-1) ?? 0)) this.refuse('an object', 'none');
    return this.#stack.pop();
  }

  top(): unknown {
    const item = this.pop();
    this.#stack.push(item);
    return item;
  }

  mark(): void {
    if (this.#marks.length >= MAX_MARKS) this.refuse(`nesting of at most ${MAX_MARKS}`, 'more');
    this.#marks.push(this.#stack.length);
  }

  /** Takes all objects above the last mark, and the mark. */
  popToMark(): unknown[] {
    const mark = this.#marks.pop();
    if (mark === undefined) this.refuse('a mark', 'none');
    return this.#stack.splice(mark);
  }

  popTuple(count: number): unknown[] {
    const items = Array.from({ length: count }, () => this.pop());
    return items.reverse();
  }

  topList(): unknown[] {
    const list = this.top();
    return Array.isArray(list) ? list : this.refuse('a list', describe(list));
  }

  topDictionary(): Map<PyTorchKey, unknown> {
    const dictionary = this.top();
    if (!(dictionary instanceof Map)) this.refuse('a dictionary', describe(dictionary));
    return dictionary as Map<PyTorchKey, unknown>;
  }

  setItems(items: readonly unknown[]): void {
    const dictionary = this.topDictionary();
    if (items.length % 2 !== 0) this.refuse('a value for each key', 'a key without');
    for (let i = 0; i < items.length; i += 2) {
      const key = items[i];
      if (!isKey(key)) this.refuse('short text or a number as key', describe(key));
      this.spend(MEMORY.entry);
      dictionary.set(key, items[i + 1]);
    }
  }

  put(index: number): void {
    this.spend(MEMORY.entry);
    this.#memo.set(index, this.top());
  }

  memoize(): void {
    this.put(this.#memo.size);
  }

  get(index: number): unknown {
    if (!this.#memo.has(index)) this.refuse(`object ${index}`, 'a reference to nothing');
    return this.#memo.get(index);
  }

  /** Counts the memory that an object takes. */
  readonly spend: Spend = (bytes) => {
    this.#memory += bytes;
    if (this.#memory > this.#maxMemory) {
      this.refuse(`objects of at most ${this.#maxMemory} bytes in a file of this size`, 'more');
    }
  };

  /** The one object that is left at the end. */
  result(): unknown {
    if (this.#stack.length !== 1 || this.#marks.length > 0) {
      this.refuse('one object at the end', `${this.#stack.length}`);
    }
    return this.#stack[0];
  }

  refuse(expected: string, found: string, cause?: unknown): never {
    refuse(`${this.#what}, byte ${this.#at}`, expected, found, cause);
  }
}
