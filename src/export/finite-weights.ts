import { SegprobeError } from '../shared/errors.js';
import type { NamedTensors } from '../train/packing.js';

/**
 * Refuses weights that no network can compute with. Its output need not show them: an activation may swallow what is no number.
 *
 * @param weightsFile - for messages.
 * @throws SegprobeError `CHECKPOINT_INVALID` naming the tensor.
 */
export function assertFiniteWeights(weights: NamedTensors, weightsFile: string): void {
  for (const [name, { data }] of weights) {
    const strange = (data as Float32Array).find((value) => !Number.isFinite(value));
    if (strange === undefined) continue;
    const text = `${weightsFile}: expected finite weights, got ${strange} in ${name}`;
    throw new SegprobeError('CHECKPOINT_INVALID', text);
  }
}
