import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import { padExplicitly } from '../../../src/graph/passes/pad-explicitly.js';
import { conv2d } from '../../../src/train/kernels/conv2d.js';
import { conv2dTranspose } from '../../../src/train/kernels/conv2d-transpose.js';
import { maxPool } from '../../../src/train/kernels/max-pool.js';
import { randomArray, useNativeTensorFlow } from '../../support/tensorflow.js';
import { TOLERANCE } from '../../support/tolerances.js';
import { checkPass, type Compute, nodesOf } from './check-pass.js';

/** A value and its gradients, `dy` going back. */
const withGradients =
  (kernel: (x: tf.Tensor4D, w: tf.Tensor4D) => tf.Tensor): Compute =>
  ({ x, w, dy }) => {
    const gradients = tf.grads((a, b) => kernel(a as tf.Tensor4D, b as tf.Tensor4D));
    const [dx, dw] = gradients([x!, w!], dy);
    return { y: kernel(x as tf.Tensor4D, w as tf.Tensor4D), dx: dx!, dw: dw! };
  };

/** Explicit padding is left to forward convolutions alone. */
const LEFT = ['Conv2D'];

describe('padExplicitly', () => {
  useNativeTensorFlow();

  it('pads both gradients of a strided convolution', () => {
    const options = { strides: [2, 2], padding: [1, 1], dilations: [1, 1] } as const;
    const { after } = checkPass(
      padExplicitly,
      {
        x: randomArray([2, 6, 8, 3], 1),
        w: randomArray([3, 3, 3, 4], 2),
        dy: randomArray([2, 3, 4, 4], 3),
      },
      withGradients((x, w) => conv2d(x, w, options)),
      TOLERANCE.float32Kernel,
    );
    assert.ok(explicit(after.nodes).every((op) => LEFT.includes(op)));
    assert.equal(nodesOf(after, 'PadV2').length, 1, 'the input, for the gradient of the filter');
    assert.equal(nodesOf(after, 'Slice').length, 1, 'the gradient of the input');
  });

  it('pads a transposed convolution and the gradient of its filter', () => {
    const options = { stride: 2, padding: 1, outputSize: [6, 8] } as const;
    const { after } = checkPass(
      padExplicitly,
      {
        x: randomArray([2, 3, 4, 3], 1),
        w: randomArray([3, 3, 4, 3], 2),
        dy: randomArray([2, 6, 8, 4], 3),
      },
      withGradients((x, w) => conv2dTranspose(x, w, options)),
      TOLERANCE.float32Kernel,
    );
    assert.ok(explicit(after.nodes).every((op) => LEFT.includes(op)));
  });

  it('pads max pooling with what no maximum is taken from', () => {
    const { after } = checkPass(
      padExplicitly,
      { x: randomArray([2, 6, 8, 3], 1, -9, -1) },
      ({ x }) => ({ y: maxPool(x as tf.Tensor4D, { kernel: 3, stride: 2, padding: 1 }) }),
      TOLERANCE.exact,
    );
    assert.deepEqual(explicit(after.nodes), []);
  });

  it('leaves windows alone that TensorFlow pads or that are not padded', () => {
    const options = { strides: [1, 1], padding: [1, 1], dilations: [1, 1] } as const;
    const { before, after } = checkPass(
      padExplicitly,
      {
        x: randomArray([1, 4, 4, 2], 1),
        w: randomArray([3, 3, 2, 2], 2),
        dy: randomArray([1, 4, 4, 2], 3),
      },
      withGradients((x, w) => conv2d(x, w, options)),
      TOLERANCE.exact,
    );
    assert.deepEqual(after, before);
  });
});

function explicit(nodes: readonly { op: string; attributes: object }[]): string[] {
  return nodes.filter(({ attributes }) => 'explicit_paddings' in attributes).map(({ op }) => op);
}
