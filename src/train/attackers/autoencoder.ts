import { clampToUnit } from '../kernels/clamp.js';
import { conv2d, conv2dTranspose } from '../layers/conv2d.js';
import { type Model, ModelBuilder } from '../models/model.js';

const CHANNELS = 8;

/**
 * Builds the Malicious Autoencoder: one strided convolution, one transposed one, nothing between them, and a cut to 0..1; 440
 * parameters with that project's names. It is bound by nothing else: what it may change, its loss alone says.
 *
 * @see https://github.com/shguan10/cat_coop
 */
export function createAutoencoder(): Model {
  const builder = new ModelBuilder();
  const encode = conv2d(builder, 'encode', {
    in: 3,
    out: CHANNELS,
    kernel: 3,
    stride: 2,
    padding: 1,
    bias: true,
  });
  const decode = conv2dTranspose(builder, 'decode', {
    in: CHANNELS,
    out: 3,
    kernel: 3,
    padding: 1,
  });
  return builder.build((image, pass) => clampToUnit(decode(encode(image, pass), pass)));
}
