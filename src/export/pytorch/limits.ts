import type { TensorBudget } from './tensor-view.js';

/** A tensor takes some 400 bytes of a file and makes some twenty objects. */
const BYTES_PER_OBJECT = 8;
const OBJECT_SLACK = 4096;
const MAX_OBJECTS = 1 << 22;
/** Tied weights are stored once and read twice; an expanded tensor is larger than its storage. */
const MAX_TENSOR_EXPANSION = 4;
const TENSOR_SLACK = 16 << 20;

/** How many objects a pickle in a file of `bytes` may make. */
export function maxObjectsOf(bytes: number): number {
  return Math.floor(Math.min(bytes / BYTES_PER_OBJECT + OBJECT_SLACK, MAX_OBJECTS));
}

/** How much tensors may take that come from `bytes` of a file, unpacked. */
export function tensorBudgetOf(bytes: number): TensorBudget {
  return { remaining: MAX_TENSOR_EXPANSION * bytes + TENSOR_SLACK };
}
