import type { Tensor } from '@tensorflow/tfjs';
import type { Constant } from './graph.js';

/**
 * Reads tensors out and disposes them. Asynchronous, since WebGPU cannot be read in any other way.
 *
 * @returns their numbers by the tensors' names.
 */
export async function takeValues<Name extends string>(
  tensors: Readonly<Record<Name, Tensor>>,
): Promise<Record<Name, Constant['values']>> {
  const constants = Object.entries<Constant>(await takeConstants(tensors));
  const values = constants.map(([name, constant]) => [name, constant.values] as const);
  return Object.fromEntries(values) as Record<Name, Constant['values']>;
}

/** The same with type and shape. */
export async function takeConstants<Name extends string>(
  tensors: Readonly<Record<Name, Tensor>>,
): Promise<Record<Name, Constant>> {
  const named = Object.entries<Tensor>(tensors);
  try {
    const reads = named.map(async ([name, tensor]) => {
      const values = await tensor.data<Constant['dtype']>();
      return [name, { dtype: tensor.dtype as Constant['dtype'], shape: tensor.shape, values }];
    });
    return Object.fromEntries(await Promise.all(reads)) as Record<Name, Constant>;
  } finally {
    for (const [, tensor] of named) tensor.dispose();
  }
}
