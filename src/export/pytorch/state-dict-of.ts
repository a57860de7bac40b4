import type { Safetensor } from '../../shared/safetensors.js';
import { refuse } from './refuse.js';
import { isDictionary, isTensor } from './value.js';
import type { PyTorchValue } from './value.js';

/** What `DataParallel` puts before every name. */
const PARALLEL_PREFIX = 'module.';

/**
 * Takes the weights out of a checkpoint: a state dict, or a dictionary with one as `state_dict`.
 *
 * @param what - names the file in messages.
 * @returns all tensors by name, in the file's order, without the prefix of `DataParallel`.
 * @throws SegprobeError `FILE_INVALID` where there are none.
 */
export function stateDictOf(value: PyTorchValue, what = 'checkpoint'): Map<string, Safetensor> {
  const inner = isDictionary(value) ? value.get('state_dict') : undefined;
  const dictionary = isDictionary(inner) ? inner : value;
  const tensors: [string, Safetensor][] = [];
  if (isDictionary(dictionary)) {
    for (const [name, entry] of dictionary) {
      if (typeof name === 'string' && isTensor(entry)) tensors.push([name, entry]);
    }
  }
  if (tensors.length === 0) {
    refuse(what, 'a state dict, bare or as state_dict', 'no tensors by name');
  }
  const isParallel = tensors.every(([name]) => name.startsWith(PARALLEL_PREFIX));
  const start = isParallel ? PARALLEL_PREFIX.length : 0;
  return new Map(tensors.map(([name, tensor]) => [name.slice(start), tensor]));
}
