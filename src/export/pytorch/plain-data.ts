import { describe } from './describe.js';
import { refuse } from './refuse.js';
import { type TensorBudget, TensorView } from './tensor-view.js';
import { Intermediate } from './value.js';
import type { PyTorchValue } from './value.js';

const MAX_DEPTH = 64;

/**
 * Turns what a pickle built into plain data, in place: reads every tensor that is in it, and checks that nothing else is left
 * and that nesting is of bounded depth; what contains itself is of none. Each object is looked at once, however often it is
 * referred to.
 *
 * @throws SegprobeError `FILE_INVALID`
 */
export function toPlainData(value: unknown, budget: TensorBudget, what: string): PyTorchValue {
  const depths = new Map<object, number>();
  const read = (item: unknown): unknown =>
    item instanceof TensorView ? item.read(budget, what) : item;
  measureDepth(value, 0, depths, what);
  for (const container of depths.keys()) {
    if (Array.isArray(container)) container.forEach((item, i) => (container[i] = read(item)));
    else if (container instanceof Map) {
      for (const [key, item] of container as Map<unknown, unknown>) container.set(key, read(item));
    }
  }
  return read(value) as PyTorchValue;
}

function measureDepth(
  value: unknown,
  above: number,
  depths: Map<object, number>,
  what: string,
): number {
  if (value instanceof Intermediate && !(value instanceof TensorView)) {
    refuse(what, 'plain data', describe(value));
  }
  const children = value instanceof Map ? value.values() : Array.isArray(value) ? value : undefined;
  if (children === undefined) return 0;
  let depth = depths.get(value as object);
  if (depth === undefined) {
    if (above >= MAX_DEPTH) refuse(what, `nesting of at most ${MAX_DEPTH}`, 'more');
    depth = 0;
    for (const child of children as Iterable<unknown>) {
      depth = Math.max(depth, 1 + measureDepth(child, above + 1, depths, what));
    }
    depths.set(value as object, depth);
  }
  if (above + depth > MAX_DEPTH) refuse(what, `nesting of at most ${MAX_DEPTH}`, 'more');
  return depth;
}
