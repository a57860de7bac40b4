import assert from 'node:assert/strict';
import type * as tf from '@tensorflow/tfjs';
import { batchNormEvaluation } from '../../../src/train/kernels/batch-norm.js';
import { ndArray, randomArray, useNativeTensorFlow } from '../../support/tensorflow.js';
import { assertConverts, assertUnsupported, opTypesOf, type Piece, rawOp } from '../converted.js';

const STATE = {
  'norm.weight': randomArray([3], 1, 0.5, 2),
  'norm.bias': randomArray([3], 2),
  'norm.running_mean': randomArray([3], 3),
  'norm.running_var': ndArray([3], [0.01, 1e-40, 4]),
};
const vectorsOf = (state: Readonly<Record<string, tf.Tensor>>): tf.Tensor[] =>
  Object.keys(STATE).map((name) => state[name]!);

describe('convertFusedBatchNorm', () => {
  useNativeTensorFlow();
  const raw = (attributes: { is_training: boolean; data_format: string }): Piece => ({
    state: STATE,
    run: (x, state) => {
      const inputs = [x, ...vectorsOf(state)];
      return rawOp('FusedBatchNorm', { epsilon: 0.125, ...attributes }, inputs, 5)[0]!;
    },
  });

  it('converts evaluation mode, by statistics as small as denormal', async () => {
    const piece: Piece = {
      state: STATE,
      run: (x, state) => {
        const [scale, offset, mean, variance] = vectorsOf(state);
        return batchNormEvaluation(x, scale!, offset!, mean!, variance!);
      },
    };
    const graph = await assertConverts(piece, [
      [1, 4, 4, 3],
      [3, 5, 2, 3],
    ]);
    assert.deepEqual(opTypesOf(graph), ['BatchNormalization']);
    assert.deepEqual(graph.node[0]!.input.slice(1), Object.keys(STATE));
  });

  it('keeps the epsilon', async () => {
    const graph = await assertConverts(raw({ is_training: false, data_format: 'NHWC' }), [
      [2, 3, 4, 3],
    ]);
    assert.deepEqual(graph.node[0]!.output.length, 1);
  });

  it('refuses training mode', () => {
    assertUnsupported(
      raw({ is_training: true, data_format: 'NHWC' }),
      [2, 3, 4, 3],
      /^FusedBatchNorm \(run\/FusedBatchNorm_1\): expected evaluation mode, got training mode$/,
    );
  });

  it('refuses another layout', () => {
    assertUnsupported(
      raw({ is_training: false, data_format: 'NCHW' }),
      [2, 3, 4, 4],
      /expected data_format NHWC, got NCHW$/,
    );
  });

  it('refuses an attribute that is missing', () => {
    const piece: Piece = {
      state: STATE,
      run: (x, state) =>
        rawOp('FusedBatchNorm', { data_format: 'NHWC' }, [x, ...vectorsOf(state)], 5)[0]!,
    };
    assertUnsupported(
      piece,
      [1, 2, 2, 3],
      /expected attribute is_training of kind bool, got none$/,
    );
  });
});
