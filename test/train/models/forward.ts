import * as tf from '@tensorflow/tfjs';
import type { Model } from '../../../src/train/models/model.js';
import { initialWeights } from '../../../src/train/packing.js';
import { createEvaluationPass, type PackedTensors } from '../../../src/train/pass.js';
import { mapValues, randomArray, toTensor } from '../../support/tensorflow.js';

/** What a network with the weights that it is born with makes of random pictures; the caller disposes it. */
export function forwardOnce(
  { spec, forward }: Model,
  shape: readonly [n: number, h: number, w: number, c: number],
): tf.Tensor4D {
  return tf.tidy(() => {
    const packed = { ...initialWeights(spec, 1) };
    const weights = mapValues(packed, (values: Float32Array) => tf.tensor1d(values));
    const pass = createEvaluationPass(spec, weights as unknown as PackedTensors);
    return forward(toTensor(randomArray(shape, 1, 0, 1)) as tf.Tensor4D, pass);
  });
}
