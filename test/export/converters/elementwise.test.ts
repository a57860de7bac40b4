import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import { prelu, relu } from '../../../src/train/kernels/activations.js';
import { ndArray, randomArray, useNativeTensorFlow } from '../../support/tensorflow.js';
import { assertConverts, assertUnsupported, opTypesOf, type Piece, rawOp } from '../converted.js';

const SHAPES = [
  [1, 4, 4, 3],
  [3, 5, 2, 3],
] as const;

describe('convertRelu', () => {
  useNativeTensorFlow();

  it('cuts off what is negative', async () => {
    assert.deepEqual(opTypesOf(await assertConverts({ run: relu }, SHAPES)), ['Relu']);
  });
});

describe('convertAdd', () => {
  useNativeTensorFlow();

  for (const op of ['Add', 'AddV2']) {
    it(`converts ${op}`, async () => {
      const piece: Piece = { run: (x) => rawOp(op, {}, [x, relu(x)])[0]! };
      assert.deepEqual(opTypesOf(await assertConverts(piece, SHAPES)), ['Relu', 'Add']);
    });
  }

  it('refuses to broadcast', () => {
    const piece: Piece = {
      state: { bias: randomArray([3], 1) },
      run: (x, { bias }) => tf.add(x, bias!),
    };
    assertUnsupported(
      piece,
      [1, 4, 3, 3],
      /^Add \(run\/Add_1\): expected two tensors of one shape, got \[1,4,3,3\] and \[3\]$/,
    );
  });

  it('refuses a constant', () => {
    const piece: Piece = {
      state: { picture: randomArray([1, 2, 2, 3], 1) },
      run: (x, { picture }) => tf.add(x, picture!),
    };
    assertUnsupported(
      piece,
      [1, 2, 2, 3],
      /Add_1\): expected input 1 to be computed, got a constant$/,
    );
  });
});

describe('convertIdentity', () => {
  useNativeTensorFlow();

  it('leaves nothing of it', async () => {
    const piece: Piece = {
      run: (x) => {
        const value = rawOp('Identity', {}, [relu(x)])[0]!;
        return tf.add(value, rawOp('Identity', {}, [value])[0]!);
      },
    };
    assert.deepEqual(opTypesOf(await assertConverts(piece, SHAPES)), ['Relu', 'Add']);
  });
});

describe('convertPrelu', () => {
  useNativeTensorFlow();
  const piece = (slope: readonly number[]): Piece => ({
    state: { 'act.weight': ndArray([slope.length], slope) },
    run: (x, { 'act.weight': alpha }) => prelu(x, alpha!),
  });

  for (const slope of [0.25, 0, -1.5, 3]) {
    it(`converts slope ${slope}`, async () => {
      const graph = await assertConverts(piece([slope]), SHAPES);
      assert.deepEqual(opTypesOf(graph), ['PRelu']);
      assert.deepEqual(graph.initializer[0]!.dims, [1, 1, 1]);
    });
  }

  it('refuses a slope for each channel', () => {
    assertUnsupported(
      piece([0.1, 0.2, 0.3]),
      [1, 2, 2, 3],
      /^PartitionedCall \(run\/PartitionedCall_1\): expected one slope for all channels, got 3$/,
    );
  });
});
