import * as kernels from '../kernels/activations.js';
import type { Layer, ModelBuilder } from '../models/model.js';

export type Activation = 'relu' | 'prelu';

/** An activation; PReLU has one learned slope that starts at 0.25, as in PyTorch. */
export function activation(builder: ModelBuilder, name: string, kind: Activation): Layer {
  if (kind === 'relu') return kernels.relu;
  const slope = builder.parameter(`${name}.weight`, [1], { kind: 'constant', value: 0.25 });
  return (x, pass) => kernels.prelu(x, pass.parameter(slope));
}
