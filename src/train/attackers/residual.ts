import * as tf from '@tensorflow/tfjs';
import type { Budget } from '../attacks/norm.js';
import { activation } from '../layers/activation.js';
import { conv2d, type Conv2dConfig, conv2dTranspose } from '../layers/conv2d.js';
import { sequential } from '../layers/sequential.js';
import { type Layer, type Model, ModelBuilder } from '../models/model.js';
import { addBounded } from './bounded.js';

/** Channels at a half, a quarter and an eighth of the height and width. */
const CHANNELS = [16, 32, 48] as const;
/** Dilations of the convolutions at an eighth: together they see 121 pixels around. */
const DILATIONS = [1, 2, 4] as const;

/**
 * Builds a residual generator: what it adds to the picture comes from a small network that sees the picture's surroundings at
 * an eighth of its size, and is within the budget by construction. 100,184 parameters; H and W are multiples of 8.
 */
export function createResidual(budget: Budget): Model {
  const builder = new ModelBuilder();
  const unit = (name: string, config: Conv2dConfig): Layer =>
    sequential(
      conv2d(builder, name, { ...config, bias: true }),
      activation(builder, `${name}_activation`, 'prelu'),
    );
  const [half, quarter, eighth] = CHANNELS;
  const halving = { kernel: 3, stride: 2, padding: 1 };
  const down1 = unit('down1', { in: 3, out: half, ...halving });
  const down2 = unit('down2', { in: half, out: quarter, ...halving });
  const down3 = unit('down3', { in: quarter, out: eighth, ...halving });
  const context = DILATIONS.map((dilation) => {
    const config = { in: eighth, out: eighth, kernel: 3, padding: dilation, dilation };
    return unit(`context${dilation}`, config);
  });
  const doubling = { kernel: 3, padding: 1 };
  const up3 = conv2dTranspose(builder, 'up3', { in: eighth, out: quarter, ...doubling });
  const up2 = conv2dTranspose(builder, 'up2', { in: quarter, out: half, ...doubling });
  const up1 = conv2dTranspose(builder, 'up1', { in: half, out: 3, ...doubling });
  const activate2 = activation(builder, 'up3_activation', 'prelu');
  const activate1 = activation(builder, 'up2_activation', 'prelu');

  return builder.build((image, pass) => {
    const x1 = down1(image, pass); // [N,H/2,W/2,16]
    const x2 = down2(x1, pass); // [N,H/4,W/4,32]
    const x3 = down3(x2, pass); // [N,H/8,W/8,48]
    const seen = context.reduce((x, layer) => tf.add(x, layer(x, pass)), x3);
    const y2 = activate2(tf.add(x2, up3(seen, pass)), pass);
    const y1 = activate1(tf.add(x1, up2(y2, pass)), pass);
    return addBounded(image, up1(y1, pass), budget);
  });
}
