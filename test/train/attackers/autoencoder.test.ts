import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import { createAutoencoder } from '../../../src/train/attackers/autoencoder.js';
import { initialWeights, packedSizes, unpackWeights } from '../../../src/train/packing.js';
import { useNativeTensorFlow } from '../../support/tensorflow.js';
import { forwardOnce } from '../models/forward.js';

describe('createAutoencoder', () => {
  useNativeTensorFlow();

  it("has the Malicious Autoencoder's 440 parameters, named and shaped as in its file", () => {
    const { spec } = createAutoencoder();
    assert.equal(packedSizes(spec).parameters, 440);
    const named = unpackWeights(spec, initialWeights(spec, 1));
    assert.deepEqual(
      [...named].map(([name, { shape }]) => `${name} [${shape}]`),
      ['encode.weight [8,3,3,3]', 'encode.bias [8]', 'decode.weight [8,3,3,3]'],
    );
  });

  it('gives pictures of the same size, in 0..1', () => {
    const attacked = forwardOnce(createAutoencoder(), [2, 6, 10, 3]);
    assert.deepEqual(attacked.shape, [2, 6, 10, 3]);
    assert.ok(attacked.dataSync().every((value) => value >= 0 && value <= 1));
    tf.dispose(attacked);
  });
});
