import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import { overlappingMaxPoolWithIndices } from '../../../src/train/kernels/max-pool-overlapping.js';
import { overlappingMaxUnpool } from '../../../src/train/kernels/max-unpool-overlapping.js';
import {
  assertArraysClose,
  describeOnEveryBackend,
  type NdArray,
  ndArray,
  randomArray,
} from '../../support/tensorflow.js';
import { TOLERANCE } from '../../support/tolerances.js';
import { checkKernel } from './check-kernel.js';
import * as reference from './reference.js';

const WINDOW = { kernel: 3, stride: 2, padding: 1 };

/** Numbers of 0 to 3: full of ties. */
function fewNumbers(shape: readonly number[], seed: number): NdArray {
  const drawn = randomArray(shape, seed, 0, 4);
  return { ...drawn, values: drawn.values.map(Math.floor) };
}

describeOnEveryBackend('overlappingMaxPoolWithIndices', (evaluate) => {
  for (const { name, x } of [
    { name: 'N > 1, not square', x: randomArray([3, 6, 4, 5], 6) },
    { name: 'one row of windows', x: randomArray([2, 2, 8, 3], 7) },
    { name: 'below zero throughout', x: randomArray([1, 4, 4, 2], 8, -9, -1) },
    { name: 'full of ties', x: fewNumbers([2, 8, 6, 3], 9) },
    { name: 'the same number throughout', x: ndArray([1, 4, 4, 1], new Float64Array(16).fill(-3)) },
  ]) {
    it(`finds maxima and their places: ${name}`, async () => {
      const { value, indices } = await evaluate({ x }, (inputs) => ({
        ...overlappingMaxPoolWithIndices(inputs['x'] as tf.Tensor4D),
      }));
      assertArraysClose(value!, reference.maxPool(x, WINDOW), TOLERANCE.exact, 'value');
      assertArraysClose(indices!, reference.maxPoolIndices(x, WINDOW), TOLERANCE.exact, 'indices');
    });
  }

  it('sends the gradient where the maximum was, from each window that has it', async () => {
    await checkKernel(evaluate, {
      inputs: { x: randomArray([2, 4, 6, 3], 7) },
      differentiable: ['x'],
      kernel: (inputs) => overlappingMaxPoolWithIndices(inputs['x'] as tf.Tensor4D).value,
      reference: ({ x }) => reference.maxPool(x!, WINDOW),
    });
  });

  it('adds the gradients of four windows with one maximum', async () => {
    const x = ndArray([1, 4, 4, 1], [0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    const dy = ndArray([1, 2, 2, 1], [1, 10, 100, 1000]);
    const { dx } = await evaluate({ x, dy }, (inputs) => ({
      dx: tf.grad((input) => overlappingMaxPoolWithIndices(input as tf.Tensor4D).value)(
        inputs['x']!,
        inputs['dy'],
      ),
    }));
    assert.deepEqual([...dx!.values], [0, 0, 0, 0, 0, 1111, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  });
});

describeOnEveryBackend('overlappingMaxUnpool', (evaluate) => {
  const unpool = (inputs: Readonly<Record<string, tf.Tensor>>): tf.Tensor4D =>
    overlappingMaxUnpool(inputs['x'] as tf.Tensor4D, inputs['indices'] as tf.Tensor4D);

  it('keeps the last of the values that go to one place', async () => {
    // All four windows of 4×4 places reach the place 5; the last row's two go to 13 and 15 of the picture below.
    const x = ndArray([2, 2, 2, 1], [1, 2, 3, 4, 5, 6, 7, 8]);
    const indices = ndArray([2, 2, 2, 1], [5, 5, 5, 5, 16 + 0, 16 + 6, 16 + 13, 16 + 6], 'int32');
    const { y } = await evaluate({ x, indices }, (inputs) => ({ y: unpool(inputs) }));
    assert.deepEqual(y!.shape, [2, 4, 4, 1]);
    const expected = new Array<number>(32).fill(0);
    [expected[5], expected[16], expected[16 + 6], expected[16 + 13]] = [4, 5, 8, 7];
    assert.deepEqual([...y!.values], expected);
  });

  for (const { name, picture } of [
    { name: 'N > 1, not square', picture: randomArray([2, 6, 4, 3], 8) },
    { name: 'full of ties', picture: fewNumbers([2, 8, 6, 2], 9) },
  ]) {
    it(`writes each value back to the place it was taken from: ${name}`, async () => {
      const indices = reference.maxPoolIndices(picture, WINDOW);
      const x = randomArray(indices.shape, 10);
      const { y } = await evaluate({ x, indices }, (inputs) => ({ y: unpool(inputs) }));
      assertArraysClose(y!, reference.maxUnpool(x, indices), TOLERANCE.exact);
    });
  }

  it('gives every value the gradient of its place, as PyTorch does, also where another came last', async () => {
    const indices = reference.maxPoolIndices(randomArray([2, 6, 4, 3], 8), WINDOW);
    const [x, dy] = [randomArray(indices.shape, 11), randomArray([2, 6, 4, 3], 12)];
    const { dx } = await evaluate({ x, indices, dy }, (inputs) => ({
      dx: tf.grad((input) => unpool({ ...inputs, x: input }))(inputs['x']!, inputs['dy']),
    }));
    assert.ok(new Set(indices.values).size < indices.values.length, 'a place occurs twice');
    assert.deepEqual(
      [...dx!.values],
      [...indices.values].map((index) => dy.values[index]!),
    );
  });

  it('refuses indices of another shape', async () => {
    const inputs = {
      x: randomArray([1, 2, 2, 1], 11),
      indices: ndArray([1, 2, 1, 1], [0, 5], 'int32'),
    };
    await assert.rejects(async () => evaluate(inputs, (tensors) => ({ y: unpool(tensors) })), {
      code: 'SHAPE_MISMATCH',
    });
  });
});
