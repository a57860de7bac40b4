import type { Safetensor } from '../../shared/safetensors.js';
import type { ModelSpec } from '../../train/models/model.js';
import { namedShapes, type NamedTensors } from '../../train/packing.js';
import { isFloating } from './float-values.js';

/** In what a file's tensors differ from a network's. */
export interface Misfit {
  readonly missing: readonly string[];
  readonly unexpected: readonly string[];
  /** Names with both shapes. */
  readonly otherShape: readonly string[];
}

/** How many names of a kind a message shows. */
const MAX_SHOWN = 5;

/** Compares a file's tensors with a network's, by name and shape. */
export function misfitOf(spec: ModelSpec, tensors: NamedTensors): Misfit {
  const expected = namedShapes(spec);
  const counters = countersOf(spec);
  const names = [...tensors.keys()];
  return {
    missing: [...expected.keys()].filter((name) => !tensors.has(name)),
    unexpected: names.filter((name) => !expected.has(name) && !counters.has(name)),
    otherShape: [...expected].flatMap(([name, shape]) => {
      const tensor = tensors.get(name);
      return tensor === undefined || isOf(shape, tensor)
        ? []
        : [`${name} ${tensor.dtype} [${tensor.shape}] instead of [${shape}]`];
    }),
  };
}

/** How many tensors do not fit. */
export function sizeOfMisfit({ missing, unexpected, otherShape }: Misfit): number {
  return missing.length + unexpected.length + otherShape.length;
}

/** `3 missing (a, b, c), 1 unexpected (d)` */
export function describeMisfit({ missing, unexpected, otherShape }: Misfit): string {
  return Object.entries({ missing, unexpected, 'of another shape': otherShape })
    .filter(([, names]) => names.length > 0)
    .map(([kind, names]) => `${names.length} ${kind} (${shortList(names)})`)
    .join(', ');
}

/** What PyTorch's batch normalisations count from 0.4.1 on, and need only where momentum is not set. */
export function countersOf({ statistics }: ModelSpec): Set<string> {
  return new Set(statistics.map(({ name }) => `${name}.num_batches_tracked`));
}

function isOf(shape: readonly number[], tensor: Safetensor): boolean {
  return String(tensor.shape) === String(shape) && isFloating(tensor);
}

function shortList(names: readonly string[]): string {
  const shown = names.slice(0, MAX_SHOWN).map((name) => name.slice(0, 120));
  const more = names.length - shown.length;
  return more > 0 ? `${shown.join(', ')} and ${more} more` : shown.join(', ');
}
