import * as tf from '@tensorflow/tfjs';
import { batchNormEvaluation, batchNormTraining } from '../../../src/train/kernels/batch-norm.js';
import {
  assertArraysClose,
  describeOnEveryBackend,
  ndArray,
  randomArray,
} from '../../support/tensorflow.js';
import { TOLERANCE } from '../../support/tolerances.js';
import { checkKernel } from './check-kernel.js';
import * as reference from './reference.js';

const x = randomArray([2, 3, 5, 4], 31, -1, 3);
const scale = randomArray([4], 32, 0.5, 2);
const offset = randomArray([4], 33);

describeOnEveryBackend('batchNormTraining', (evaluate) => {
  it('computes value and gradients through the mean and the variance of the batch', async () => {
    await checkKernel(evaluate, {
      inputs: { x, scale, offset },
      differentiable: ['x', 'scale', 'offset'],
      kernel: (inputs) => {
        const result = batchNormTraining(
          inputs['x'] as tf.Tensor4D,
          inputs['scale']!,
          inputs['offset']!,
        );
        tf.dispose([result.batchMean, result.batchVariance]);
        return result.value;
      },
      reference: (inputs) =>
        reference.normalize(
          inputs['x']!,
          reference.moments(inputs['x']!),
          inputs['scale']!,
          inputs['offset']!,
        ),
    });
  });

  it('gives the mean and the unbiased variance of the batch for the running statistics', async () => {
    const { batchMean, batchVariance } = await evaluate({ x, scale, offset }, (inputs) => ({
      ...batchNormTraining(inputs['x'] as tf.Tensor4D, inputs['scale']!, inputs['offset']!),
    }));
    const { mean, variance, count } = reference.moments(x);
    const unbiased = variance.map((value) => (value * count) / (count - 1));
    assertArraysClose(batchMean!, ndArray([4], mean), TOLERANCE.float32Kernel);
    assertArraysClose(batchVariance!, ndArray([4], unbiased), TOLERANCE.float32Kernel);
  });
});

describeOnEveryBackend('batchNormEvaluation', (evaluate) => {
  it('computes value and gradients for given statistics', async () => {
    const mean = randomArray([4], 34);
    const variance = randomArray([4], 35, 0.1, 2);
    await checkKernel(evaluate, {
      inputs: { x, scale, offset, mean, variance },
      differentiable: ['x', 'scale', 'offset'],
      kernel: (inputs) =>
        batchNormEvaluation(
          inputs['x'] as tf.Tensor4D,
          inputs['scale']!,
          inputs['offset']!,
          inputs['mean']!,
          inputs['variance']!,
        ),
      reference: (inputs) =>
        reference.normalize(
          inputs['x']!,
          { mean: mean.values, variance: variance.values },
          inputs['scale']!,
          inputs['offset']!,
        ),
    });
  });
});
