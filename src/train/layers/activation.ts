import * as kernels from '../kernels/activations.js';
import type { Layer, ModelBuilder, ParameterSpec } from '../models/model.js';

export type Activation = 'relu' | 'prelu';

/** What PReLU's slope starts at, as in PyTorch. */
const SLOPE = { kind: 'constant', value: 0.25 } as const;

/** An activation; PReLU has one learned slope of its own. */
export function activation(builder: ModelBuilder, name: string, kind: Activation): Layer {
  return sharedActivation(builder, kind)(name);
}

/**
 * An activation that stands in several places of a network, each of its own name; PReLU's slope is one and the same in all, and
 * has a name for each.
 */
export function sharedActivation(builder: ModelBuilder, kind: Activation): (name: string) => Layer {
  let slope: ParameterSpec | undefined;
  return (name) => {
    const tapped: Layer = (x, pass) => pass.tap?.(name, x) ?? x;
    if (kind === 'relu') return (x, pass) => kernels.relu(tapped(x, pass));
    const own = `${name}.weight`;
    if (slope === undefined) slope = builder.parameter(own, [1], SLOPE);
    else builder.share(slope, own);
    const learned = slope;
    return (x, pass) => kernels.prelu(tapped(x, pass), pass.parameter(learned));
  };
}
