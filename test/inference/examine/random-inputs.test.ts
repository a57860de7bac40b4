import assert from 'node:assert/strict';
import { closeShape, createInputs } from '../../../src/inference/examine/random-inputs.js';

const OPEN = { batch: 2, size: { height: 16, width: 24 } };

describe('closeShape', () => {
  for (const { shape, expected } of [
    { shape: ['N', 3, 'H', 'W'], expected: [2, 3, 16, 24] },
    { shape: ['N', 'H', 'W', 3], expected: [2, 16, 24, 3] },
    { shape: [1, 3, 360, 480], expected: [1, 3, 360, 480] },
    { shape: ['N', 'C', 'H', 'W'], expected: [2, 3, 16, 24] },
    { shape: [-1, 1, -1, -1], expected: [2, 1, 16, 24] },
    { shape: ['batch', 'sequence'], expected: [2, 1] },
    { shape: ['N', 10], expected: [2, 10] },
    { shape: [], expected: [] },
  ]) {
    it(`makes [${expected.join(', ')}] of [${shape.join(', ')}]`, () => {
      assert.deepEqual(closeShape(shape, OPEN), expected);
    });
  }
});

describe('createInputs', () => {
  it('makes noise of the wanted types, the same each time', () => {
    const metadata = [
      { name: 'image', isTensor: true, type: 'float32', shape: ['N', 3, 'H', 'W'] },
      { name: 'bytes', isTensor: true, type: 'uint8', shape: [50] },
      { name: 'index', isTensor: true, type: 'int64', shape: ['N'] },
    ] as const;
    const [one, two] = [createInputs(metadata, OPEN, 'm'), createInputs(metadata, OPEN, 'm')];
    const image = one['image']!.data as Float32Array;
    assert.deepEqual(image, two['image']!.data);
    assert.ok(image.every((value) => value >= 0 && value < 1) && new Set(image).size > 1000);
    assert.ok(new Set(one['bytes']!.data as Uint8Array).size > 20);
    assert.deepEqual(one['index']!.data, new BigInt64Array(2));
  });

  it('refuses an input of text', () => {
    const metadata = [{ name: 'word', isTensor: true, type: 'string', shape: [1] }] as const;
    assert.throws(() => createInputs(metadata, OPEN, 'm.onnx'), {
      code: 'MODEL_INVALID',
      message: /m\.onnx: input word: expected a tensor of numbers \(.*\), got string/,
    });
  });
});
