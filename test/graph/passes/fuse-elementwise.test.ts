import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import { type GraphNode, sizeOf } from '../../../src/graph/graph.js';
import { dropReshapes } from '../../../src/graph/passes/drop-reshapes.js';
import { fuseElementwise } from '../../../src/graph/passes/fuse-elementwise.js';
import type { GraphPass } from '../../../src/graph/passes/graph-pass.js';
import { prelu } from '../../../src/train/kernels/activations.js';
import { spatialDropout } from '../../../src/train/kernels/dropout.js';
import { ndArray, randomArray, useNativeTensorFlow } from '../../support/tensorflow.js';
import { TOLERANCE } from '../../support/tolerances.js';
import { checkPass, nodesOf } from './check-pass.js';

/** Large enough to be worth a function: 2¹⁶ elements. */
const SHAPE = [2, 32, 32, 32];

const pass: GraphPass = (graph) => fuseElementwise(dropReshapes(graph));

/** The end of a bottleneck: activation, dropout, residual sum, activation. */
function tail(x: tf.Tensor, branch: tf.Tensor, inner: tf.Tensor, outer: tf.Tensor): tf.Tensor {
  const dropped = spatialDropout(
    prelu(branch as tf.Tensor4D, inner),
    0.25,
    tf.tensor1d([3, 4], 'int32'),
  );
  return prelu(tf.add(x, dropped), outer);
}

describe('fuseElementwise', () => {
  useNativeTensorFlow();

  it('makes one function of the end of a bottleneck and its gradient', () => {
    const { before, after } = checkPass(
      pass,
      {
        x: randomArray(SHAPE, 1),
        branch: randomArray(SHAPE, 2),
        inner: ndArray([1], [0.3]),
        outer: ndArray([1], [-0.2]),
        ...{ dy: randomArray(SHAPE, 3), more: randomArray(SHAPE, 4) },
      },
      ({ x, branch, inner, outer, dy, more }) => {
        const gradients = tf.grads((a, b, s, t) => tail(a, b, s, t));
        const sum = tf.add(dy!, more!); // As two branches' gradients meet.
        const [dx, dBranch, dInner, dOuter] = gradients([x!, branch!, inner!, outer!], sum);
        const y = tail(x!, branch!, inner!, outer!);
        return { y, dx: dx!, dBranch: dBranch!, dInner: dInner!, dOuter: dOuter! };
      },
      // The slopes' gradients are sums of 65,536 terms in another order.
      { rtol: 1e-5, atol: 1e-3 },
    );
    const large = ({ op, outputs: [output] }: GraphNode): boolean =>
      !['Placeholder', 'Identity'].includes(op) && sizeOf(output!.shape) === sizeOf(SHAPE);
    // Forward twice: activation, dropout, sum, activation; backward a sum, two activations, dropout and a reshape.
    assert.equal(before.nodes.filter(large).length, 13);
    // Nothing stands between the pass forward and the one backward here; the value is computed once more alone.
    const left = after.nodes.filter(large).map(({ attributes }) => attributes['f']);
    assert.deepEqual(
      left.map((called) => called?.kind === 'function' && called.value),
      ['fused__1', 'fused__2'],
    );
  });

  it('shares a function between equal pieces', () => {
    const { after } = checkPass(
      pass,
      { x: randomArray(SHAPE, 1), w: randomArray([1, 1, 32, 32], 2) },
      ({ x, w }) => {
        const piece = (value: tf.Tensor): tf.Tensor => tf.relu(tf.add(tf.mul(value, 0.5), 0.25));
        const mixed = tf.conv2d(piece(x!) as tf.Tensor4D, w as tf.Tensor4D, 1, 'same');
        return { y: piece(mixed) };
      },
      TOLERANCE.float32Op,
    );
    assert.equal(nodesOf(after, 'PartitionedCall').length, 2);
    assert.equal(after.functions.length, 1);
  });

  it('keeps what is computed on the way and wanted outside', () => {
    checkPass(
      pass,
      { x: randomArray(SHAPE, 1) },
      ({ x }) => {
        const doubled = tf.mul(x!, 2);
        return { doubled: tf.sum(doubled, [0, 1, 2]), y: tf.relu(tf.add(doubled, 1)) };
      },
      TOLERANCE.float32Op,
    );
  });

  it('leaves small tensors alone', () => {
    const { before, after } = checkPass(
      pass,
      { x: randomArray([4, 4], 1) },
      ({ x }) => ({ y: tf.relu(tf.add(tf.mul(x!, 2), 1)) }),
      TOLERANCE.exact,
    );
    assert.deepEqual(after, before);
  });
});
