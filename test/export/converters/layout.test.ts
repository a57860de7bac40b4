import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import { randomArray, useNativeTensorFlow } from '../../support/tensorflow.js';
import { assertConverts, assertUnsupported, opTypesOf, type Piece, rawOp } from '../converted.js';

describe('convertConcat', () => {
  useNativeTensorFlow();

  for (const [axis, letter] of [...'NHWC'].entries()) {
    it(`joins three along ${letter}`, async () => {
      const piece: Piece = { run: (x) => tf.concat([tf.relu(x), x, tf.add(x, x)], axis) };
      const graph = await assertConverts(piece, [
        [1, 4, 4, 3],
        [2, 3, 5, 3],
      ]);
      assert.deepEqual(opTypesOf(graph), ['Relu', 'Add', 'Concat']);
    });
  }

  it('refuses tensors of another rank', () => {
    assertUnsupported(
      { run: (x) => tf.concat([x, x], 1) },
      [2, 3, 4],
      /^ConcatV2 \(run\/ConcatV2_1\): expected tensors of rank 4 and an axis of 0 to 3, got rank 3 and axis 1$/,
    );
  });

  it('refuses an axis counted from the end', () => {
    const piece: Piece = {
      run: (x) => rawOp('ConcatV2', {}, [x, x, tf.scalar(-1, 'int32')])[0]!,
    };
    assertUnsupported(piece, [1, 2, 2, 3], /got rank 4 and axis -1$/);
  });

  it('refuses a constant among the parts', () => {
    const piece: Piece = {
      state: { picture: randomArray([1, 2, 2, 3], 1) },
      run: (x, { picture }) => tf.concat([x, picture!], 3),
    };
    assertUnsupported(piece, [1, 2, 2, 3], /expected input 1 to be computed, got a constant$/);
  });
});

describe('convertPad', () => {
  useNativeTensorFlow();

  it('pads each side of each axis by its own amount', async () => {
    const piece: Piece = {
      run: (x) =>
        tf.pad(
          x,
          [
            [1, 0],
            [2, 3],
            [0, 4],
            [5, 6],
          ],
          -2.5,
        ),
    };
    const graph = await assertConverts(piece, [
      [1, 4, 4, 3],
      [2, 3, 5, 3],
    ]);
    assert.deepEqual(opTypesOf(graph), ['Pad']);
    assert.deepEqual(graph.node[0]!.input, ['x', 'Pad.pads', 'Pad.value']);
  });

  it('refuses tensors of another rank', () => {
    const piece: Piece = {
      run: (x) =>
        tf.pad(x, [
          [0, 0],
          [0, 0],
          [0, 1],
        ]),
    };
    assertUnsupported(
      piece,
      [2, 3, 4],
      /^PadV2 \(run\/PadV2_1\): expected a tensor of rank 4, got rank 3$/,
    );
  });
});
