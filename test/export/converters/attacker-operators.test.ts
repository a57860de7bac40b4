import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import { addBounded } from '../../../src/train/attackers/bounded.js';
import { addBias } from '../../../src/train/kernels/bias.js';
import { clampToUnit } from '../../../src/train/kernels/clamp.js';
import { randomArray, useNativeTensorFlow } from '../../support/tensorflow.js';
import { assertConverts, opTypesOf, type Piece } from '../converted.js';

const SHAPES = [
  [1, 4, 4, 3],
  [2, 3, 5, 3],
] as const;

describe('convertClampToUnit', () => {
  useNativeTensorFlow();

  it('cuts to 0..1', async () => {
    const draw = (shape: readonly number[], seed: number) => randomArray(shape, seed, -1, 2);
    const graph = await assertConverts({ run: clampToUnit }, SHAPES, draw);
    assert.deepEqual(opTypesOf(graph), ['Clip']);
  });
});

describe('convertBiasAdd', () => {
  useNativeTensorFlow();

  it('adds a number to each channel, under its own name', async () => {
    const state = { bias: randomArray([3], 7) };
    const piece: Piece = { state, run: (x, { bias }) => addBias(x, bias!) };
    const graph = await assertConverts(piece, SHAPES);
    assert.deepEqual(opTypesOf(graph), ['Add']);
    assert.deepEqual(
      graph.initializer.map(({ name, dims }) => `${name} [${dims}]`),
      ['bias [3,1,1]'],
    );
  });
});

for (const [norm, operators] of [
  ['linf', ['Clip', 'Mul', 'Add', 'Clip']],
  ['l2', ['ReduceSumSquare', 'Add', 'Sqrt', 'Div', 'Mul', 'Add', 'Clip']],
] as const) {
  describe(`addBounded within ${norm}`, () => {
    useNativeTensorFlow();
    const budget = { norm, epsilon: 0.25 };
    const draw = (shape: readonly number[], seed: number) => randomArray(shape, seed, 0, 1);

    it('adds what the graph computes', async () => {
      const run: Piece['run'] = (x) => addBounded(x, tf.relu(x), budget);
      const graph = await assertConverts({ run }, SHAPES, draw);
      assert.deepEqual(opTypesOf(graph), ['Relu', ...operators]);
    });

    it('adds a weight, bounded beforehand', async () => {
      const [shape] = SHAPES;
      const state = { raw: randomArray(shape, 7, -3, 3) };
      const piece: Piece = {
        state,
        run: (x, { raw }) => addBounded(x, raw as tf.Tensor4D, budget),
      };
      const graph = await assertConverts(piece, [shape], draw);
      assert.deepEqual(opTypesOf(graph), ['Add', 'Clip']);
    });
  });
}
