import * as tf from '@tensorflow/tfjs';
import type { Constant } from '../../src/graph/graph.js';
import type { Program } from '../../src/graph/program.js';
import { prelu } from '../../src/train/kernels/activations.js';
import { batchNormTraining } from '../../src/train/kernels/batch-norm.js';
import { conv2d } from '../../src/train/kernels/conv2d.js';
import { spatialDropout } from '../../src/train/kernels/dropout.js';
import { maxPoolWithIndices } from '../../src/train/kernels/max-pool.js';
import { maxUnpool } from '../../src/train/kernels/max-unpool.js';
import { randomArray } from '../support/tensorflow.js';

/** A variable of random numbers. */
export function variable(shape: readonly number[], seed: number): Constant {
  return { dtype: 'float32', shape, values: Float32Array.from(randomArray(shape, seed).values) };
}

/**
 * A network small enough to think through, with everything that recording meets: convolution, batch normalisation, pooling,
 * unpooling, gathering, code compiled by XLA, dropout, gradients, a variable that counts and one that is only read.
 */
export function toyProgram(): Program {
  return {
    state: {
      filter: variable([3, 3, 2, 4], 1),
      scale: variable([4], 2),
      slope: { dtype: 'float32', shape: [1], values: Float32Array.of(0.25) },
      table: variable([5], 3),
      steps: { dtype: 'int32', shape: [], values: Int32Array.of(0) },
    },
    functions: {
      step: {
        inputs: {
          x: { dtype: 'float32', shape: [2, 6, 4, 2] },
          picked: { dtype: 'int32', shape: [4] },
          seed: { dtype: 'int32', shape: [2] },
        },
        run: ({ x, picked, seed }, { filter, scale, slope, table, steps }) => {
          const lossOf = tf.valueAndGrads((weights, alpha) => {
            const options = { strides: [1, 1], padding: [1, 1], dilations: [1, 1] } as const;
            const convolved = conv2d(x as tf.Tensor4D, weights as tf.Tensor4D, options);
            const offset = tf.gather(table!, picked!);
            const normalized = batchNormTraining(convolved, scale!, offset);
            tf.dispose([normalized.batchMean, normalized.batchVariance]);
            const { value, indices } = maxPoolWithIndices(prelu(normalized.value, alpha));
            const unpooled = maxUnpool(value, indices);
            return tf.mean(tf.square(spatialDropout(unpooled, 0.2, tf.add(seed!, steps!))));
          });
          const { value: loss, grads } = lossOf([filter!, slope!]);
          const [filterGradient, slopeGradient] = grads;
          return {
            outputs: { loss, gradient: filterGradient! },
            state: {
              filter: tf.sub(filter!, tf.mul(filterGradient!, 0.1)),
              slope: tf.sub(slope!, tf.mul(slopeGradient!, 0.1)),
              steps: tf.add(steps!, tf.scalar(1, 'int32')),
            },
          };
        },
      },
      look: { inputs: {}, run: (_inputs, { filter }) => ({ outputs: { total: tf.sum(filter!) } }) },
    },
  };
}

/** The inputs of `step`; the caller disposes them. */
export function toyInputs(): { x: tf.Tensor; picked: tf.Tensor; seed: tf.Tensor } {
  return {
    x: tf.tensor(Float32Array.from(randomArray([2, 6, 4, 2], 4).values), [2, 6, 4, 2]),
    picked: tf.tensor1d([4, 0, 0, 2], 'int32'),
    seed: tf.tensor1d([7, 8], 'int32'),
  };
}
