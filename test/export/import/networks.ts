import { createAutoencoder } from '../../../src/train/attackers/autoencoder.js';
import { createModel, type ModelName } from '../../../src/train/models/index.js';
import type { ModelSpec } from '../../../src/train/models/model.js';
import { initialWeights, type NamedTensors, unpackWeights } from '../../../src/train/packing.js';

/** Draws the weights of a victim, with what PyTorch counts in its batch normalisations, in PyTorch's order of the file. */
export function victimTensors(model: ModelName, classCount: number, seed = 1): NamedTensors {
  return withCounters(createModel(model, { classCount }).spec, seed);
}

/** Draws the weights of the Malicious Autoencoder. */
export function attackerTensors(seed = 1): NamedTensors {
  return withCounters(createAutoencoder().spec, seed);
}

function withCounters(spec: ModelSpec, seed: number): NamedTensors {
  const tensors = unpackWeights(spec, initialWeights(spec, seed));
  for (const { name } of spec.statistics) {
    const data = BigInt64Array.of(5n);
    tensors.set(`${name}.num_batches_tracked`, { dtype: 'I64', shape: [], data });
  }
  return tensors;
}

/** The same tensors under names with a prefix. */
export function prefixed(prefix: string, tensors: NamedTensors): NamedTensors {
  return new Map([...tensors].map(([name, tensor]) => [prefix + name, tensor]));
}
