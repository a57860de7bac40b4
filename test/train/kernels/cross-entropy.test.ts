import assert from 'node:assert/strict';
import type * as tf from '@tensorflow/tfjs';
import { crossEntropy } from '../../../src/train/kernels/cross-entropy.js';
import {
  assertArraysClose,
  describeOnEveryBackend,
  ndArray,
  type NdArrays,
  randomArray,
} from '../../support/tensorflow.js';
import { TOLERANCE } from '../../support/tolerances.js';
import { checkKernel } from './check-kernel.js';
import * as reference from './reference.js';

type Tensors = Readonly<Record<string, tf.Tensor>>;
const kernel = ({ logits, labels, weights }: Tensors): tf.Tensor =>
  crossEntropy(logits as tf.Tensor4D, labels!, weights!);

describeOnEveryBackend('crossEntropy', (evaluate) => {
  const lossOf = async (inputs: NdArrays) =>
    (await evaluate(inputs, (tensors) => ({ loss: kernel(tensors) })))['loss']!;

  it('is the weighted mean of −log p of the right class', async () => {
    const loss = await lossOf({
      // p = [1/4, 3/4] in the first pixel, [1/2, 1/2] in the second
      logits: ndArray([1, 1, 2, 2], [0, Math.log(3), 5, 5]),
      labels: ndArray([1, 1, 2], [1, 0], 'int32'),
      weights: ndArray([2], [2, 3]),
    });
    const expected = (3 * -Math.log(3 / 4) + 2 * -Math.log(1 / 2)) / (3 + 2);
    assertArraysClose(loss, ndArray([], [expected]), TOLERANCE.float32Op);
  });

  it('leaves out the pixels of a class of weight 0', async () => {
    const loss = await lossOf({
      logits: ndArray([1, 1, 2, 2], [0, Math.log(3), 40, -40]),
      labels: ndArray([1, 1, 2], [1, 0], 'int32'),
      weights: ndArray([2], [0, 3]),
    });
    assertArraysClose(loss, ndArray([], [-Math.log(3 / 4)]), TOLERANCE.float32Op);
  });

  it('stays finite for logits far apart', async () => {
    const loss = await lossOf({
      logits: ndArray([1, 1, 1, 2], [-500, 500]),
      labels: ndArray([1, 1, 1], [0], 'int32'),
      weights: ndArray([2], [1, 1]),
    });
    assertArraysClose(loss, ndArray([], [1000]), TOLERANCE.float32Op);
  });

  it('computes value and gradient, an ignored class among the labels', async () => {
    await checkKernel(evaluate, {
      inputs: {
        logits: randomArray([2, 3, 5, 4], 41, -3, 3),
        labels: ndArray(
          [2, 3, 5],
          Array.from({ length: 30 }, (_, i) => (i * 7) % 4),
          'int32',
        ),
        weights: ndArray([4], [1.5, 0, 0.25, 3]),
      },
      differentiable: ['logits'],
      kernel,
      reference: ({ logits, labels, weights }) =>
        reference.crossEntropy(logits!, labels!, weights!),
    });
  });

  /** Pixels of equal weight, the right class of each with a probability of its own. */
  const lossBelow = async (hardBelow: number, pixels: number[]): Promise<number> => {
    const inputs = {
      logits: ndArray(
        [1, 1, pixels.length, 2],
        pixels.flatMap((p) => [Math.log(p), Math.log(1 - p)]),
      ),
      labels: ndArray(
        [1, 1, pixels.length],
        pixels.map(() => 0),
        'int32',
      ),
      weights: ndArray([2], [2, 3]),
    };
    const { loss } = await evaluate(inputs, ({ logits, labels, weights }) => ({
      loss: crossEntropy(logits as tf.Tensor4D, labels!, weights!, { hardBelow }),
    }));
    return loss!.values[0]!;
  };

  it('counts the pixels alone whose right class has a probability below hardBelow', async () => {
    const expected = (-Math.log(0.5) - Math.log(0.1)) / 2;
    const loss = await lossBelow(0.7, [0.9, 0.8, 0.5, 0.1]);
    assert.ok(Math.abs(loss - expected) < 1e-5, `${loss}`);
  });

  it('counts all pixels where fewer than one in 16 is hard', async () => {
    const easy = Array.from({ length: 16 }, () => 0.9);
    const mean = (16 * -Math.log(0.9) - Math.log(0.1)) / 17;
    assert.ok(Math.abs((await lossBelow(0.7, [...easy, 0.1])) - mean) < 1e-5);
    const oneOf16 = await lossBelow(0.7, [...easy.slice(1), 0.1]);
    assert.ok(Math.abs(oneOf16 - -Math.log(0.1)) < 1e-5, `${oneOf16}`);
  });
});
