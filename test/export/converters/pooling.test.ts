import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import type { Attributes } from '../../../src/graph/graph.js';
import { executeRawOp } from '../../../src/graph/node-backend.js';
import { maxPool, maxPoolWithIndices } from '../../../src/train/kernels/max-pool.js';
import { maxUnpool, placeByIndex } from '../../../src/train/kernels/max-unpool.js';
import { createRandom } from '../../../src/shared/random.js';
import { ndArray, randomArray, useNativeTensorFlow } from '../../support/tensorflow.js';
import { assertConverts, assertUnsupported, opTypesOf, type Piece, rawOp } from '../converted.js';

const POOLING: Attributes = {
  T: { kind: 'type', value: 'float32' },
  Targmax: { kind: 'type', value: 'int32' },
  padding: { kind: 'string', value: 'VALID' },
  include_batch_in_index: { kind: 'bool', value: true },
};
const square = (size: number) => ({ kind: 'ints', value: [1, size, size, 1] }) as const;

const negative = (shape: readonly number[], seed: number) => randomArray(shape, seed, -2, -1);

describe('convertMaxPool', () => {
  useNativeTensorFlow();

  for (const [kernel, stride, padding] of [
    [2, 2, 0],
    [3, 2, 1],
    [3, 1, 1],
    [3, 2, 0],
    [5, 3, 2],
  ] as const) {
    it(`converts kernel ${kernel}, stride ${stride}, padding ${padding}: nothing of the padding is ever the largest`, async () => {
      const piece: Piece = { run: (x) => maxPool(x, { kernel, stride, padding }) };
      const shapes = [
        [1, 8, 8, 3],
        [2, 7, 10, 3],
        [3, 9, 5, 3],
      ] as const;
      assert.deepEqual(opTypesOf(await assertConverts(piece, shapes, negative)), ['MaxPool']);
    });
  }

  it('converts SAME padding by an even window', async () => {
    const attributes = { ksize: [1, 2, 4, 1], strides: [1, 1, 1, 1], padding: 'SAME' };
    const piece: Piece = { run: (x) => rawOp('MaxPool', attributes, [x])[0]! };
    await assertConverts(piece, [[2, 5, 6, 2]], negative);
  });

  it('gives no indices where nobody reads them', async () => {
    const piece: Piece = { run: (x) => maxPoolWithIndices(x).value };
    const graph = await assertConverts(piece, [[2, 4, 6, 3]]);
    assert.deepEqual(
      graph.node.map(({ output }) => output),
      [['y']],
    );
  });
});

describe('convertMaxUnpool', () => {
  useNativeTensorFlow();
  const there = (x: tf.Tensor4D): tf.Tensor => {
    const { value, indices } = maxPoolWithIndices(x);
    return maxUnpool(tf.add(value, value), indices); // Other values to the places of the maxima.
  };
  const shapes = [
    [1, 4, 4, 3],
    [2, 6, 4, 3],
    [3, 2, 10, 3],
  ] as const;

  it('converts pooling and unpooling of several pictures and channels', async () => {
    const graph = await assertConverts({ run: there }, shapes);
    assert.deepEqual(opTypesOf(graph), ['MaxPool', 'Add', 'MaxUnpool']);
  });

  it('takes the first of equal maxima', async () => {
    // Few numbers, so that most windows have equal ones.
    const ties = (shape: readonly number[], seed: number) => {
      const random = createRandom(seed);
      const values = Float64Array.from(randomArray(shape, seed).values, () =>
        Math.floor(3 * random() - 3),
      );
      return ndArray(shape, values);
    };
    await assertConverts({ run: there }, shapes, ties);
    await assertConverts({ run: there }, shapes, (shape) =>
      ndArray(shape, randomArray(shape, 0).values.fill(1)),
    );
  });

  it('converts two that are nested, each with its own indices', async () => {
    const run = (x: tf.Tensor4D): tf.Tensor => {
      const outer = maxPoolWithIndices(x);
      const inner = maxPoolWithIndices(outer.value);
      return maxUnpool(maxUnpool(inner.value, inner.indices), outer.indices);
    };
    await assertConverts({ run }, [
      [1, 8, 8, 2],
      [2, 4, 12, 2],
    ]);
  });

  it('finds the pooling behind copies of its indices', async () => {
    const run = (x: tf.Tensor4D): tf.Tensor => {
      const { value, indices } = maxPoolWithIndices(x);
      const [copy] = executeRawOp('Identity', { T: { kind: 'type', value: 'int32' } }, [indices]);
      return maxUnpool(value, copy as tf.Tensor4D);
    };
    await assertConverts({ run }, shapes);
  });

  for (const [kernel, stride] of [
    [3, 2],
    [2, 3],
  ] as const) {
    it(`refuses indices of windows ${kernel}×${kernel}, ${stride} apart`, () => {
      const run = (x: tf.Tensor4D): tf.Tensor => {
        const attributes = { ...POOLING, ksize: square(kernel), strides: square(stride) };
        const [value, indices] = executeRawOp('MaxPoolWithArgmax', attributes, [x], 2);
        return placeByIndex(value as tf.Tensor4D, indices as tf.Tensor4D);
      };
      assertUnsupported(
        { run },
        [1, 9, 9, 2],
        /^PartitionedCall \(run\/PartitionedCall_1\): expected the indices of a 2×2 MaxPoolWithArgmax with stride 2, got those of MaxPoolWithArgmax \(run\/MaxPoolWithArgmax_1\)$/,
      );
    });
  }

  it('refuses indices that are no pooling’s', () => {
    const run = (x: tf.Tensor4D): tf.Tensor => {
      const zeros = tf.zeros<tf.Rank.R4>(x.shape, 'int32');
      return placeByIndex(tf.relu(x), zeros);
    };
    assertUnsupported({ run }, [1, 2, 2, 1], /got those of Const \(run\/Const_1\)$/);
  });
});
