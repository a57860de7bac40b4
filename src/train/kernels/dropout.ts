import * as tf from '@tensorflow/tfjs';
import { sizeOf } from '../../graph/graph.js';
import { executeRawOp, isNativeBackend } from '../../graph/node-backend.js';
import { createRandom } from '../../shared/random.js';
import { FLOAT_TYPE, INT_TYPE } from './raw.js';

/**
 * Spatial dropout as PyTorch's `Dropout2d`: whole channels of an image become 0 with `probability`, the others grow by
 * 1 / (1 − probability).
 *
 * @param x - float32 `[N, H, W, C]`.
 * @param seed - int32 `[2]`: equal seeds drop equal channels.
 * @see arXiv:1411.4280
 */
export function spatialDropout(x: tf.Tensor4D, probability: number, seed: tf.Tensor): tf.Tensor4D {
  const [n, , , c] = x.shape;
  const drawn = randomUniform([n, 1, 1, c], seed);
  const mask = tf.div(tf.cast(tf.greater(drawn, probability), 'float32'), 1 - probability);
  return tf.mul(x, mask);
}

/** Numbers in [0, 1) that follow from `seed` alone, so that a recorded graph draws anew in each step. */
function randomUniform(shape: number[], seed: tf.Tensor): tf.Tensor {
  if (!isNativeBackend()) {
    const [high, low] = seed.dataSync();
    const random = createRandom(high!, low!);
    return tf.tensor(Float32Array.from({ length: sizeOf(shape) }, random), shape);
  }
  const attributes = { dtype: FLOAT_TYPE, T: INT_TYPE, Tseed: INT_TYPE };
  return executeRawOp('StatelessRandomUniform', attributes, [
    tf.tensor1d(shape, 'int32'),
    seed,
  ])[0]!;
}
