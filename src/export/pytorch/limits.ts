import type { TensorBudget } from './tensor-view.js';

/** What the objects of a pickle take in memory, in bytes, rather too much than too little. */
export const MEMORY = {
  list: 64,
  dictionary: 256,
  /** Of a dictionary, or of what is kept for later. */
  entry: 48,
  text: 32,
  bytes: 256,
  /** What a function makes: at most a tensor's view, with two lists of sizes. */
  call: 1024,
  other: 128,
} as const;

/** Objects may take so many times the file: a tensor's take 4 kB, and some 200 bytes of a file beside its values. */
const MAX_OBJECT_EXPANSION = 8;
const MAX_OBJECT_BYTES = 256 << 20;
/** Tied weights are stored once and read twice; an expanded tensor is larger than its storage. */
const MAX_TENSOR_EXPANSION = 2;
/** What small files may take beside. */
const SLACK = 16 << 20;

/** How many bytes of memory the objects of a pickle may take in a file of `bytes`. */
export function objectMemoryOf(bytes: number): number {
  return Math.min(MAX_OBJECT_EXPANSION * bytes + SLACK, MAX_OBJECT_BYTES);
}

/** How much tensors may take that come from `bytes` of a file, unpacked. */
export function tensorBudgetOf(bytes: number): TensorBudget {
  return { remaining: MAX_TENSOR_EXPANSION * bytes + SLACK };
}
