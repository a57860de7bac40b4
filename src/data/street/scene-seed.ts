import { SPLITS, type Split } from '../dataset.js';

/** More scenes than anyone draws of a split, so that splits never share a seed. */
const SEEDS_PER_SPLIT = 2 ** 24;

/** The seed of scene `index` of a split: other splits, and other seeds of the data set, give other scenes. */
export function sceneSeed(split: Split, index: number, seed: number): number {
  return (seed * SPLITS.length + SPLITS.indexOf(split)) * SEEDS_PER_SPLIT + index;
}

/** The stem of scene `index`, e.g. `sample-train-000012`; with another seed than the default 0, `sample3-train-000012`. */
export function sceneName(split: Split, index: number, seed: number): string {
  return `sample${seed === 0 ? '' : seed}-${split}-${String(index).padStart(6, '0')}`;
}
