import * as tf from '@tensorflow/tfjs';
import { executeRawOp, isNativeBackend } from '../../graph/node-backend.js';
import { jit } from '../../graph/recorder.js';
import { FLOAT_TYPE } from './raw.js';
import { withGradient } from './with-gradient.js';

/** max(x, 0); its gradient at 0 is 0. tfjs's own gradient makes a tensor of ones for each call. */
export function relu(x: tf.Tensor4D): tf.Tensor4D {
  if (!isNativeBackend()) return tf.relu(x);
  return withGradient([x], (save) => {
    const value = tf.relu(x);
    save([value]);
    return {
      value,
      gradient: (dy, [output]) => executeRawOp('ReluGrad', { T: FLOAT_TYPE }, [dy, output!]),
    };
  }) as tf.Tensor4D;
}

/**
 * PReLU with one slope for all channels, as PyTorch's `nn.PReLU()`: x where x > 0, else slope·x.
 *
 * @param x - float32 of any shape.
 * @param slope - float32 `[1]`.
 * @see arXiv:1502.01852
 */
export function prelu(x: tf.Tensor4D, slope: tf.Tensor): tf.Tensor4D {
  return withGradient([x, slope], (save) => {
    save([x, slope]);
    return {
      value: preluForward(x, slope)[0]!,
      gradient: (dy, [input, alpha]) => {
        const [dx, terms] = preluBackward(dy, input!, alpha!);
        // Summed outside the compiled loop: XLA's own reductions are slow on CPUs.
        return [dx!, tf.reshape(tf.sum(terms!), [1])];
      },
    };
  }) as tf.Tensor4D;
}

const preluForward = jit('prelu', (x, slope) => tf.where(tf.greater(x, 0), x, tf.mul(slope, x)));

const preluBackward = jit('preluGradient', (dy, x, slope) => [
  // A product, so that other factors of dy can be taken into it (src/graph/passes/single-use.ts).
  tf.mul(dy, tf.where(tf.greater(x, 0), tf.tensor1d([1]), slope)),
  tf.mul(dy, tf.minimum(x, 0)),
]);
