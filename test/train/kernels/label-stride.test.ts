import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import { growLabels, shrinkLabels } from '../../../src/train/kernels/label-stride.js';
import { useNativeTensorFlow } from '../../support/tensorflow.js';

describe('label strides', () => {
  useNativeTensorFlow();
  const values = Int32Array.from({ length: 2 * 3 * 5 }, (_, i) => i);
  const grid = (rows: number[][]): tf.Tensor3D => tf.tensor3d([rows], undefined, 'int32');

  it('shrinks to the label in the middle of each square', () => {
    const rows = [
      [0, 1, 2, 3],
      [4, 5, 6, 7],
    ];
    tf.tidy(() => assert.deepEqual(shrinkLabels(grid(rows), 2).arraySync(), [[[5, 7]]]));
  });

  it('grows each label to a square', () => {
    const squares = [
      [1, 1, 2, 2],
      [1, 1, 2, 2],
    ];
    tf.tidy(() => assert.deepEqual(growLabels(grid([[1, 2]]), 2).arraySync(), [squares]));
  });

  it('shrinks what it grew to the same, for several pictures, and leaves stride 1 alone', () => {
    tf.tidy(() => {
      const labels = tf.tensor3d(values, [2, 3, 5], 'int32');
      assert.deepEqual(shrinkLabels(growLabels(labels, 8), 8).dataSync(), values);
      assert.equal(shrinkLabels(labels, 1), labels);
    });
  });
});
