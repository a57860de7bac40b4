import assert from 'node:assert/strict';
import {
  addPerturbation,
  createPerturbationSums,
  meanPerturbation,
  measurePerturbation,
} from '../../src/shared/perturbation.js';
import { assertAllClose } from '../support/all-close.js';
import { TOLERANCE } from '../support/tolerances.js';

const SIZE = { width: 2, height: 1 };

describe('measurePerturbation', () => {
  it('measures the difference of all channels, in colours of 0 to 1', () => {
    const clean = Uint8Array.of(10, 20, 30, 200, 100, 0);
    const perturbed = Uint8Array.of(13, 20, 26, 200, 100, 12);
    const { l2, linf, psnrDb } = measurePerturbation(clean, perturbed, SIZE);
    const squares = 3 ** 2 + 4 ** 2 + 12 ** 2; // 13²
    assertAllClose(
      [l2, linf, psnrDb!],
      [13 / 255, 12 / 255, 10 * Math.log10((6 * 255 ** 2) / squares)],
      TOLERANCE.float64Arithmetic,
    );
  });

  // scikit-image 0.26.0's peak_signal_noise_ratio and numpy.linalg.norm on the pictures of structural-similarity.test.ts.
  it('gives the numbers of scikit-image and NumPy', () => {
    const [width, height] = [37, 29];
    const clean = Uint8Array.from({ length: 3 * width * height }, (_, i) => {
      const [x, y] = [Math.floor(i / 3) % width, Math.floor(i / 3 / width)];
      return (x * 7 + y * 13 + (i % 3) * 50 + ((x * y) % 31)) % 256;
    });
    const perturbed = clean.map((value, i) => {
      const [x, y] = [Math.floor(i / 3) % width, Math.floor(i / 3 / width)];
      return Math.min(255, Math.floor((value * 3) / 4) + ((x * x + y * 5 + (i % 3) * 11) % 40));
    });
    const { l2, linf, psnrDb } = measurePerturbation(clean, perturbed, { width, height });
    assertAllClose(
      [l2, linf, psnrDb!],
      [5.6426875783174015, 64 / 255, 20.04748966441092],
      TOLERANCE.float64Arithmetic,
    );
  });

  it('gives an unchanged picture no PSNR instead of an infinite one', () => {
    const picture = Uint8Array.of(1, 2, 3, 4, 5, 6);
    assert.deepEqual(measurePerturbation(picture, picture, SIZE), {
      l2: 0,
      linf: 0,
      psnrDb: null,
      ssim: null,
    });
  });

  it('refuses pictures of another size', () => {
    assert.throws(() => measurePerturbation(new Uint8Array(6), new Uint8Array(5), SIZE), {
      code: 'SHAPE_MISMATCH',
      message: /2×1, got 6 and 5 values/,
    });
  });
});

describe('meanPerturbation', () => {
  it('averages over the pictures, takes the greatest L∞, and leaves out what a picture has not', () => {
    const sums = createPerturbationSums();
    addPerturbation(sums, { l2: 1, linf: 0.5, psnrDb: 20, ssim: 0.75 });
    addPerturbation(sums, { l2: 0, linf: 0, psnrDb: null, ssim: 1 });
    addPerturbation(sums, { l2: 5, linf: 0.25, psnrDb: 30, ssim: null });
    assert.deepEqual(meanPerturbation(sums), {
      l2: (1 + 0 + 5) / 3,
      linf: 0.5,
      psnrDb: (20 + 30) / 2,
      ssim: (0.75 + 1) / 2,
    });
  });

  it('has no figures for no pictures', () => {
    assert.deepEqual(meanPerturbation(createPerturbationSums()), {
      l2: null,
      linf: null,
      psnrDb: null,
      ssim: null,
    });
  });
});
