import assert from 'node:assert/strict';
import { structuralSimilarity } from '../../src/shared/structural-similarity.js';
import { createRandom } from '../../src/shared/random.js';
import { assertAllClose } from '../support/all-close.js';
import { TOLERANCE } from '../support/tolerances.js';

type Channel = (x: number, y: number, c: number) => number;

function draw(width: number, height: number, at: Channel): Uint8Array {
  return Uint8Array.from({ length: 3 * width * height }, (_, i) => {
    const pixel = Math.floor(i / 3);
    return at(pixel % width, Math.floor(pixel / width), i % 3);
  });
}

/** The definition, a window at a time, in plain loops. */
function slowSimilarity(a: Uint8Array, b: Uint8Array, width: number, height: number): number {
  const luma = (rgb: Uint8Array, x: number, y: number): number => {
    const [red, green, blue] = rgb.subarray(3 * (y * width + x));
    return 0.299 * red! + 0.587 * green! + 0.114 * blue!;
  };
  const taps = Array.from({ length: 11 }, (_, i) => Math.exp(-((i - 5) ** 2) / (2 * 1.5 ** 2)));
  const norm = taps.reduce((sum, tap) => sum + tap, 0) ** 2;
  let total = 0;
  for (let top = 0; top + 11 <= height; top++) {
    for (let left = 0; left + 11 <= width; left++) {
      const mean = (value: (x: number, y: number) => number): number => {
        let sum = 0;
        for (let y = 0; y < 11; y++)
          for (let x = 0; x < 11; x++) sum += taps[x]! * taps[y]! * value(left + x, top + y);
        return sum / norm;
      };
      const [meanA, meanB] = [mean((x, y) => luma(a, x, y)), mean((x, y) => luma(b, x, y))];
      const varianceA = mean((x, y) => (luma(a, x, y) - meanA) ** 2);
      const varianceB = mean((x, y) => (luma(b, x, y) - meanB) ** 2);
      const covariance = mean((x, y) => (luma(a, x, y) - meanA) * (luma(b, x, y) - meanB));
      total +=
        ((2 * meanA * meanB + 2.55 ** 2) * (2 * covariance + 7.65 ** 2)) /
        ((meanA ** 2 + meanB ** 2 + 2.55 ** 2) * (varianceA + varianceB + 7.65 ** 2));
    }
  }
  return total / ((width - 10) * (height - 10));
}

/** What is documented: sums of squares of 255 in float32. */
const IN_FLOAT32 = { rtol: 0, atol: 1e-6 };

describe('structuralSimilarity', () => {
  const size = { width: 37, height: 29 };

  // scikit-image 0.26.0: structural_similarity of 0.299 R + 0.587 G + 0.114 B in float64 with win_size=11,
  // gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=255.
  it('gives the numbers of scikit-image', () => {
    const textured = draw(37, 29, (x, y, c) => (x * 7 + y * 13 + c * 50 + ((x * y) % 31)) % 256);
    const recoloured = textured.map((value, i) => {
      const [x, y] = [Math.floor(i / 3) % 37, Math.floor(i / 3 / 37)];
      return Math.min(255, Math.floor((value * 3) / 4) + ((x * x + y * 5 + (i % 3) * 11) % 40));
    });
    const flat = draw(37, 29, (x) => (x < 18 ? 100 : 140));
    const stained = draw(
      37,
      29,
      (x, y, c) =>
        (x < 18 ? 100 : 140) + (c === 1 && x >= 10 && x < 20 && y >= 10 && y < 20 ? 30 : 0),
    );
    assertAllClose(
      [
        structuralSimilarity(textured, recoloured, size)!,
        structuralSimilarity(flat, stained, size)!,
      ],
      [0.9219354763815337, 0.8839596886253097],
      IN_FLOAT32,
    );
  });

  for (const [width, height] of [
    [11, 11],
    [12, 30],
    [31, 13],
    [1027, 11], // A strip and a little more.
    [1030, 12],
    [20, 60], // More rows than are kept at once.
  ] as const) {
    it(`agrees with the definition in plain loops on ${width}×${height}`, () => {
      const random = createRandom(3);
      const a = draw(width, height, (x) => Math.floor(200 * random()) + x);
      const b = a.map((value) => Math.max(0, value - Math.floor(60 * random())));
      assertAllClose(
        [structuralSimilarity(a, b, { width, height })!],
        [slowSimilarity(a, b, width, height)],
        IN_FLOAT32,
      );
    });
  }

  it('is 1 for equal pictures, and the same from either side', () => {
    const a = draw(37, 29, (x, y) => (x * y) % 256);
    const b = draw(37, 29, (x, y) => (x * 3 + y) % 256);
    assertAllClose([structuralSimilarity(a, a, size)!], [1], TOLERANCE.float64Arithmetic);
    assert.equal(structuralSimilarity(a, b, size), structuralSimilarity(b, a, size));
  });

  it('is null where no window fits', () => {
    assert.equal(
      structuralSimilarity(new Uint8Array(330), new Uint8Array(330), { width: 11, height: 10 }),
      null,
    );
  });
});
