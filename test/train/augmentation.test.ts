import assert from 'node:assert/strict';
import { drawViews } from '../../src/train/augmentation.js';
import { parseTrainConfig } from '../../src/train/config.js';

const config = parseTrainConfig({
  augment: ['flip', 'scale', 'color'],
  height: 96,
  width: 128,
  cropHeight: 64,
  cropWidth: 64,
  minScale: 1,
  maxScale: 2,
});

describe('drawViews', () => {
  it('draws the same for the same seed and step, and anew for another', () => {
    assert.deepEqual(drawViews(config, 5, 4), drawViews(config, 5, 4));
    assert.notDeepEqual(drawViews(config, 6, 4), drawViews(config, 5, 4));
    assert.notDeepEqual(drawViews({ ...config, seed: 2 }, 5, 4), drawViews(config, 5, 4));
  });

  it('keeps the window inside the scene where the scaled scene is larger, at the scale drawn', () => {
    const { boxes } = drawViews(config, 1, 200);
    const scales: number[] = [];
    let mirrored = 0;
    for (let n = 0; n < 200; n++) {
      const [y1, x1, y2, x2] = boxes.subarray(4 * n, 4 * n + 4) as unknown as number[];
      for (const share of [y1, x1, y2, x2]) assert.ok(share! >= 0 && share! <= 1, `${share}`);
      const [vertical, horizontal] = [63 / ((y2! - y1!) * 95), 63 / (Math.abs(x2! - x1!) * 127)];
      assert.ok(Math.abs(vertical - horizontal) < 1e-4, `${vertical}, ${horizontal}`);
      scales.push(vertical);
      if (x1! > x2!) mirrored++;
    }
    assert.ok(Math.min(...scales) >= 0.999 && Math.min(...scales) < 1.1);
    assert.ok(Math.max(...scales) <= 2.001 && Math.max(...scales) > 1.9);
    assert.ok(mirrored > 60 && mirrored < 140, `${mirrored}`); // 100 ± 5.7 standard deviations
  });

  it('leaves greys grey, about as bright, and colours alone unless told to change them', () => {
    const { colors } = drawViews(config, 1, 50);
    for (let n = 0; n < 50; n++) {
      const rows = [0, 1, 2].map((row) => colors.subarray(12 * n + 4 * row, 12 * n + 4 * row + 4));
      const greys = rows.map(([r, g, b, shift]) => 0.5 * (r! + g! + b!) + shift!);
      assert.ok(Math.max(...greys) - Math.min(...greys) < 1e-6);
      assert.ok(greys[0]! > 0.2 && greys[0]! < 0.8, `${greys[0]}`);
    }
    const { colors: same } = drawViews({ ...config, augment: ['flip'] }, 1, 1);
    assert.deepEqual([...same], [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0]);
  });
});
