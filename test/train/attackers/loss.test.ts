import * as tf from '@tensorflow/tfjs';
import { ancestorLoss } from '../../../src/train/attackers/loss.js';
import { assertAllClose } from '../../support/all-close.js';
import { describeOnEveryBackend, ndArray } from '../../support/tensorflow.js';
import { TOLERANCE } from '../../support/tolerances.js';

describeOnEveryBackend('ancestorLoss', (evaluate) => {
  it('is 0.1·‖x′ − x‖₂ over the batch − 100·CE', async () => {
    const image = ndArray([2, 1, 1, 3], [0, 0, 0, 0.5, 0.5, 0.5]);
    const attacked = ndArray([2, 1, 1, 3], [0.3, 0, 0, 0.5, 0.5, 0.9]);
    const logits = ndArray([2, 1, 1, 2], [0, Math.log(3), 0, Math.log(9)]);
    const label = ndArray([2, 1, 1], [0, 1], 'int32');
    const found = await evaluate({ image, attacked, logits, label }, (inputs) => ({
      ...ancestorLoss({
        image: inputs['image'] as tf.Tensor4D,
        attacked: inputs['attacked'] as tf.Tensor4D,
        logits: inputs['logits'] as tf.Tensor4D,
        label: inputs['label'] as tf.Tensor3D,
        classWeights: tf.tensor1d([1, 1]),
      }),
    }));
    // p = 1/4 of class 0 in the first, 9/10 of class 1 in the second picture.
    const [distance, entropy] = [0.5, (Math.log(4) + Math.log(10 / 9)) / 2];
    const values = ['distance', 'crossEntropy', 'loss'].map((name) => found[name]!.values[0]!);
    const expected = [distance, entropy, 0.1 * distance - 100 * entropy];
    assertAllClose(values, expected, TOLERANCE.float32Op);
  });
});
