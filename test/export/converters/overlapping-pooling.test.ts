import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import { conv2d } from '../../../src/train/kernels/conv2d.js';
import { maxPoolWithIndices } from '../../../src/train/kernels/max-pool.js';
import { overlappingMaxPoolWithIndices } from '../../../src/train/kernels/max-pool-overlapping.js';
import { overlappingMaxUnpool } from '../../../src/train/kernels/max-unpool-overlapping.js';
import { randomArray, useNativeTensorFlow } from '../../support/tensorflow.js';
import { assertConverts, assertUnsupported, opTypesOf, type Piece } from '../converted.js';

describe('convertOverlappingMaxUnpool', () => {
  useNativeTensorFlow();

  /** Brings a value of its own for each window to the places of the maxima: it shows which came last. */
  const piece: Piece = {
    state: { filter: randomArray([2, 2, 3, 3], 1) },
    run: (x, { filter }) => {
      const { indices } = overlappingMaxPoolWithIndices(x);
      const halves = { strides: [2, 2], padding: [0, 0], dilations: [1, 1] } as const;
      return overlappingMaxUnpool(conv2d(x, filter as tf.Tensor4D, halves), indices);
    },
  };
  const shapes = [
    [1, 4, 4, 3],
    [2, 6, 4, 3],
    [3, 2, 10, 3],
    [1, 8, 2, 3],
    [1, 2, 2, 3],
  ] as const;

  it('converts pooling and unpooling of several pictures and channels, of any size', () =>
    assertConverts(piece, shapes));

  it('takes the first of equal maxima, and keeps the last of the values that go to one place', async () => {
    for (const count of [1, 2, 3, 5]) {
      await assertConverts(piece, shapes, (shape, seed) => {
        const drawn = randomArray(shape, seed, -count / 2, count / 2);
        return { ...drawn, values: drawn.values.map(Math.floor) };
      });
    }
  });

  it('converts two that are nested, each with its own indices', async () => {
    const run = (x: tf.Tensor4D): tf.Tensor => {
      const outer = overlappingMaxPoolWithIndices(x);
      const inner = overlappingMaxPoolWithIndices(outer.value);
      const unpooled = overlappingMaxUnpool(inner.value, inner.indices);
      return overlappingMaxUnpool(unpooled, outer.indices);
    };
    await assertConverts({ run }, [
      [1, 8, 8, 2],
      [2, 4, 12, 2],
    ]);
  });

  it('needs no operator that WebGPU lacks, and no indices', async () => {
    const graph = await assertConverts(piece, shapes);
    const known = ['Concat', 'Conv', 'DepthToSpace', 'Equal', 'MaxPool', 'Pad', 'Slice', 'Where'];
    assert.deepEqual([...new Set(opTypesOf(graph))].sort(), known);
    assert.ok(graph.node.every(({ output }) => output.length === 1));
  });

  it('refuses the indices of other poolings', () => {
    const run = (x: tf.Tensor4D): tf.Tensor => {
      const { value, indices } = maxPoolWithIndices(x);
      return overlappingMaxUnpool(value, indices);
    };
    assertUnsupported(
      { run },
      [1, 4, 4, 2],
      /expected the indices of a 3×3 MaxPoolWithArgmax with stride 2, got those of MaxPoolWithArgmax \(run\/MaxPoolWithArgmax_1\)$/,
    );
    const zeros = (x: tf.Tensor4D): tf.Tensor =>
      overlappingMaxUnpool(tf.relu(x), tf.zeros<tf.Rank.R4>(x.shape, 'int32'));
    assertUnsupported({ run: zeros }, [1, 2, 2, 1], /got those of Const \(run\/Const_1\)$/);
  });

  it('leaves no other code the indices', () => {
    const run = (x: tf.Tensor4D): tf.Tensor =>
      tf.reshape(overlappingMaxPoolWithIndices(x).indices, [1, 2, 2, 2, 1]);
    assertUnsupported({ run }, [1, 4, 4, 2], /expected an input 0 that ONNX has$/);
  });
});
