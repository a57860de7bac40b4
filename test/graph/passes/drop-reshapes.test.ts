import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import { dropReshapes } from '../../../src/graph/passes/drop-reshapes.js';
import { randomArray, useNativeTensorFlow } from '../../support/tensorflow.js';
import { TOLERANCE } from '../../support/tolerances.js';
import { checkPass, nodesOf } from './check-pass.js';

describe('dropReshapes', () => {
  useNativeTensorFlow();

  it('takes out reshapes to the same shape, one after the other too, and leaves the others', () => {
    const { before, after } = checkPass(
      dropReshapes,
      { x: randomArray([2, 3], 1) },
      ({ x }) => {
        const same = tf.reshape(tf.reshape(tf.neg(x!), [2, 3]), [2, 3]);
        return { y: tf.square(same), z: tf.reshape(tf.neg(same), [3, 2]) };
      },
      TOLERANCE.exact,
    );
    assert.equal(nodesOf(before, 'Reshape').length, 3);
    const shapes = nodesOf(after, 'Reshape').map(({ outputs }) => outputs[0]!.shape);
    assert.deepEqual(shapes, [[3, 2]]);
  });
});
