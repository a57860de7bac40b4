import assert from 'node:assert/strict';
import { resizeLabelMap } from '../../src/shared/label-map.js';

describe('resizeLabelMap', () => {
  const cases = [
    // floor((i + 0.5) * 4 / 2) = 1, 3
    { name: 'a half', from: 4, to: 2, expected: [1, 3] },
    // floor((i + 0.5) * 2 / 4) = 0, 0, 1, 1
    { name: 'twice', from: 2, to: 4, expected: [0, 0, 1, 1] },
    // floor((0.5, 1.5, 2.5) * 5 / 3) = floor(0.83, 2.5, 4.17)
    { name: 'three fifths', from: 5, to: 3, expected: [0, 2, 4] },
    // floor((0.5 … 4.5) * 3 / 5) = floor(0.3, 0.9, 1.5, 2.1, 2.7)
    { name: 'five thirds', from: 3, to: 5, expected: [0, 0, 1, 2, 2] },
    { name: 'one pixel', from: 7, to: 1, expected: [3] },
  ];
  for (const { name, from, to, expected } of cases) {
    const numbers = Uint8Array.from({ length: from }, (_, i) => i);
    it(`takes the nearest columns for ${name}`, () => {
      const resized = resizeLabelMap(numbers, { height: 1, width: from }, { height: 1, width: to });
      assert.deepEqual([...resized], expected);
    });
    it(`takes the nearest rows for ${name}`, () => {
      const resized = resizeLabelMap(numbers, { height: from, width: 1 }, { height: to, width: 1 });
      assert.deepEqual([...resized], expected);
    });
  }

  it('keeps rows and columns apart', () => {
    const resized = resizeLabelMap(
      Uint8Array.of(0, 1, 2, 3, 4, 5),
      { height: 2, width: 3 },
      { height: 3, width: 1 },
    );
    // Column floor(0.5 * 3) = 1; rows floor((0.5, 1.5, 2.5) * 2 / 3) = 0, 1, 1
    assert.deepEqual([...resized], [1, 4, 4]);
  });

  it('gives the map itself when nothing changes', () => {
    const labels = Uint8Array.of(1, 2);
    assert.equal(resizeLabelMap(labels, { height: 1, width: 2 }, { height: 1, width: 2 }), labels);
    assert.notEqual(
      resizeLabelMap(labels, { height: 2, width: 1 }, { height: 1, width: 2 }),
      labels,
    );
  });
});
