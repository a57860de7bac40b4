import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import { relu } from '../../../src/train/kernels/activations.js';
import { randomArray, useNativeTensorFlow } from '../../support/tensorflow.js';
import { assertConverts, assertUnsupported, opTypesOf, type Piece, rawOp } from '../converted.js';

const SHAPES = [
  [1, 4, 4, 3],
  [2, 5, 3, 3],
] as const;
const CONVOLUTION = { strides: [1, 1, 1, 1], padding: 'SAME' };

function convolve(x: tf.Tensor, vector: tf.Tensor): tf.Tensor {
  return rawOp('Conv2D', CONVOLUTION, [x, tf.reshape(vector, [1, 1, 3, 3])])[0]!;
}

describe('convertSplit', () => {
  useNativeTensorFlow();

  it('cuts packed weights apart, and apart again, and keeps their names', async () => {
    const names: Readonly<Record<string, string>> = {
      'packed@0': 'a.weight',
      'packed@9': 'b.weight',
      'packed@20': 'c.weight',
    };
    const piece: Piece = {
      state: { packed: randomArray([29], 1) },
      run: (x, { packed }) => {
        const [a, rest] = tf.split(packed!, [9, 20]);
        const [b, , c] = tf.split(rest!, [9, 2, 9]);
        return [a, b, c].reduce((y: tf.Tensor, vector) => convolve(y, vector!), x);
      },
      nameWeight: (variable, offset) => names[`${variable}@${offset}`],
    };
    const graph = await assertConverts(piece, SHAPES);
    assert.deepEqual(opTypesOf(graph), ['Conv', 'Conv', 'Conv']);
    assert.deepEqual(
      graph.initializer.map(({ name, dims }) => [name, dims]),
      ['a', 'b', 'c'].map((layer) => [`${layer}.weight`, [3, 3, 1, 1]]),
    );
  });

  it('refuses a matrix', () => {
    const piece: Piece = {
      state: { packed: randomArray([2, 9], 1) },
      run: (x, { packed }) => convolve(x, tf.split(packed!, 2)[0]!),
    };
    assertUnsupported(
      piece,
      SHAPES[0],
      /^SplitV \(run\/SplitV_1\): expected a vector, got \[2,9\]$/,
    );
  });

  it('refuses a computed vector', () => {
    assertUnsupported(
      { run: (x) => tf.split(x, 2)[0]! },
      [4],
      /SplitV_1\): expected input 0 to be a constant, got a computed value$/,
    );
  });
});

describe('convertConst', () => {
  useNativeTensorFlow();

  it('makes a constant of the code an initializer called after its node', async () => {
    const values = randomArray([9], 1);
    const piece: Piece = { run: (x) => convolve(x, tf.tensor1d(Float32Array.from(values.values))) };
    const graph = await assertConverts(piece, SHAPES);
    assert.deepEqual(
      graph.initializer.map(({ name }) => name),
      ['Conv.weight'],
    );
  });
});

describe('convertReshape', () => {
  useNativeTensorFlow();

  it('leaves nothing of a reshape to the same shape, at any size', async () => {
    const piece: Piece = { run: (x) => tf.reshape(relu(x), x.shape) };
    assert.deepEqual(opTypesOf(await assertConverts(piece, SHAPES)), ['Relu']);
  });

  it('refuses to reshape what is computed', () => {
    assertUnsupported(
      { run: (x) => tf.reshape(relu(x), [1, 4, 3, 4]) },
      SHAPES[0],
      /^Reshape \(run\/Reshape_1\): expected input 0 to be a constant, got a computed value$/,
    );
  });
});
