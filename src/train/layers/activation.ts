import * as kernels from '../kernels/activations.js';
import type { Layer, ModelBuilder } from '../models/model.js';

export type Activation = 'relu' | 'prelu';

/** An activation; PReLU has one learned slope that starts at 0.25, as in PyTorch. */
export function activation(builder: ModelBuilder, name: string, kind: Activation): Layer {
  const tapped: Layer = (x, pass) => pass.tap?.(name, x) ?? x;
  if (kind === 'relu') return (x, pass) => kernels.relu(tapped(x, pass));
  const slope = builder.parameter(`${name}.weight`, [1], { kind: 'constant', value: 0.25 });
  return (x, pass) => kernels.prelu(tapped(x, pass), pass.parameter(slope));
}
