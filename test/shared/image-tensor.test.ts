import assert from 'node:assert/strict';
import { fromImageTensor, toImageTensor } from '../../src/shared/image-tensor.js';
import { testPicture } from '../support/rgb-pictures.js';

describe('toImageTensor', () => {
  it('puts channels first and 0..255 to 0..1', () => {
    const share = (value: number): number => Math.fround(value / 255);
    assert.deepEqual(
      [...toImageTensor(Uint8Array.of(0, 51, 255, 1, 2, 3))],
      [0, 1, 51, 2, 255, 3].map(share),
    );
  });
});

describe('fromImageTensor', () => {
  it('undoes toImageTensor for every value of 8 bits', () => {
    const { data } = testPicture(7, 5);
    const every = Uint8Array.from({ length: 768 }, (_, i) => i % 256);
    const large = testPicture(131, 130).data; // Three blocks, the last one short.
    for (const rgb of [data, every, large])
      assert.deepEqual(fromImageTensor(toImageTensor(rgb)), rgb);
  });

  it('rounds to the nearest, and cuts off what no picture file holds', () => {
    const values = [10.4, 10.6, 254.9, -3, 300, NaN].map((step) => step / 255);
    // Channels first: two pixels of (10.4, 254.9, 300) and (10.6, -3, NaN).
    const tensor = Float32Array.of(
      values[0]!,
      values[1]!,
      values[2]!,
      values[3]!,
      values[4]!,
      values[5]!,
    );
    assert.deepEqual([...fromImageTensor(tensor)], [10, 255, 255, 11, 0, 0]);
  });
});
