import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import { multiplyPointwiseConvolutions } from '../../../src/graph/passes/pointwise-convolutions.js';
import { conv2d, type Conv2dOptions } from '../../../src/train/kernels/conv2d.js';
import { type NdArrays, randomArray, useNativeTensorFlow } from '../../support/tensorflow.js';
import { TOLERANCE } from '../../support/tolerances.js';
import { checkPass, nodesOf } from './check-pass.js';

const CONVOLUTIONS = ['Conv2D', 'Conv2DBackpropInput', 'Conv2DBackpropFilter'];
const PLAIN: Conv2dOptions = { strides: [1, 1], padding: [0, 0], dilations: [1, 1] };

function check(inputs: NdArrays, options: Conv2dOptions) {
  const convolve = (x: tf.Tensor, w: tf.Tensor): tf.Tensor =>
    conv2d(x as tf.Tensor4D, w as tf.Tensor4D, options);
  return checkPass(
    multiplyPointwiseConvolutions,
    inputs,
    ({ x, w, dy }) => {
      const [dx, dw] = tf.grads((a, b) => convolve(a, b))([x!, w!], dy);
      return { y: convolve(x!, w!), dx: dx!, dw: dw! };
    },
    TOLERANCE.float32Kernel,
  );
}

describe('multiplyPointwiseConvolutions', () => {
  useNativeTensorFlow();

  it('makes products of a 1×1 convolution and of both its gradients', () => {
    const inputs = {
      x: randomArray([2, 3, 5, 4], 1),
      w: randomArray([1, 1, 4, 6], 2),
      dy: randomArray([2, 3, 5, 6], 3),
    };
    const { before, after } = check(inputs, PLAIN);
    assert.equal(nodesOf(before, ...CONVOLUTIONS).length, 3);
    assert.equal(nodesOf(after, ...CONVOLUTIONS).length, 0);
    assert.equal(nodesOf(after, 'MatMul').length, 3);
  });

  const others = [
    { name: 'a 1×1 convolution with stride 2', kernel: [1, 1], strides: [2, 2], out: [2, 3] },
    { name: 'a 3×1 convolution', kernel: [3, 1], strides: [1, 1], out: [1, 5] },
  ] as const;
  for (const { name, kernel, strides, out } of others) {
    it(`leaves ${name} alone`, () => {
      const inputs = {
        x: randomArray([2, 3, 5, 4], 1),
        w: randomArray([...kernel, 4, 6], 2),
        dy: randomArray([2, ...out, 6], 3),
      };
      const { before, after } = check(inputs, { ...PLAIN, strides });
      assert.deepEqual(after, before);
    });
  }
});
