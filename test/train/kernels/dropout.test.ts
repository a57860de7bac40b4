import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import { spatialDropout } from '../../../src/train/kernels/dropout.js';
import { assertAllClose } from '../../support/all-close.js';
import { describeOnEveryBackend, ndArray, type NdArray } from '../../support/tensorflow.js';
import { TOLERANCE } from '../../support/tolerances.js';

const [BATCH, PLACES, CHANNELS] = [8, 2 * 3, 64];
const PROBABILITY = 0.1;

describeOnEveryBackend('spatialDropout', (evaluate) => {
  const ones = ndArray(
    [BATCH, 2, 3, CHANNELS],
    new Float64Array(BATCH * PLACES * CHANNELS).fill(1),
  );
  const dropped = async (...seed: [number, number]): Promise<NdArray> => {
    const { y } = await evaluate({ x: ones, seed: ndArray([2], seed, 'int32') }, (inputs) => ({
      y: spatialDropout(inputs['x'] as tf.Tensor4D, PROBABILITY, inputs['seed']!),
    }));
    return y!;
  };

  it('drops whole channels of a picture and enlarges the others by 1 / (1 − probability)', async () => {
    const { values } = await dropped(5, 6);
    let zeros = 0;
    for (let n = 0; n < BATCH; n++)
      for (let c = 0; c < CHANNELS; c++) {
        const places = Array.from(
          { length: PLACES },
          (_, place) => values[(n * PLACES + place) * CHANNELS + c]!,
        );
        const expected = places[0] === 0 ? 0 : 1 / (1 - PROBABILITY);
        assertAllClose(
          places,
          places.map(() => expected),
          TOLERANCE.float32Op,
        );
        if (expected === 0) zeros++;
      }
    // 512 draws with probability 0.1: 51 ± 7; five standard deviations to both sides.
    assert.ok(zeros > 17 && zeros < 85, `${zeros} of 512 channels dropped`);
  });

  it('drops the same for the same seed and something else for another', async () => {
    assert.deepEqual((await dropped(5, 6)).values, (await dropped(5, 6)).values);
    assert.notDeepEqual((await dropped(5, 6)).values, (await dropped(5, 7)).values);
    assert.notDeepEqual((await dropped(5, 6)).values, (await dropped(6, 6)).values);
    const large = 2 ** 31 - 1;
    assert.notDeepEqual((await dropped(large, 1)).values, (await dropped(large, 2)).values);
  });

  it('sends the gradient through the same mask', async () => {
    const seed = ndArray([2], [5, 6], 'int32');
    const { y, dx } = await evaluate({ x: ones, seed }, (inputs) => {
      const drop = (input: tf.Tensor): tf.Tensor =>
        spatialDropout(input as tf.Tensor4D, PROBABILITY, inputs['seed']!);
      return { y: drop(inputs['x']!), dx: tf.grad(drop)(inputs['x']!) };
    });
    assert.deepEqual(dx!.values, y!.values);
  });
});
