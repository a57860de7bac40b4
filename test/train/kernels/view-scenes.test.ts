import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import { viewScenes } from '../../../src/train/kernels/view-scenes.js';
import { createRandom } from '../../../src/shared/random.js';
import { drawViews } from '../../../src/train/augmentation.js';
import { assertAllClose } from '../../support/all-close.js';
import { useNativeTensorFlow } from '../../support/tensorflow.js';

const [N, H, W] = [3, 12, 16];
const IGNORE = 11;

describe('viewScenes', () => {
  useNativeTensorFlow();
  const random = createRandom(7);
  const image = Float32Array.from({ length: N * H * W * 3 }, random);
  const label = Int32Array.from({ length: N * H * W }, () => Math.floor(random() * 11));

  const view = (
    boxes: ArrayLike<number>,
    colors: ArrayLike<number>,
    size: { height: number; width: number },
  ): { image: Float32Array; label: Int32Array } =>
    tf.tidy(() => {
      const seen = viewScenes(
        { image: tf.tensor4d(image, [N, H, W, 3]), label: tf.tensor3d(label, [N, H, W], 'int32') },
        {
          boxes: tf.tensor2d(Float32Array.from(boxes), [N, 4]),
          colors: tf.tensor3d(Float32Array.from(colors), [N, 3, 4]),
        },
        size,
        IGNORE,
      );
      return {
        image: seen.image.dataSync() as Float32Array,
        label: seen.label.dataSync() as Int32Array,
      };
    });
  const each = <T>(values: T[]): T[] => Array.from({ length: N }, () => values).flat();
  const SAME = each([1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0]);

  it('leaves a scene as it is where the window is the whole', () => {
    const seen = view(each([0, 0, 1, 1]), SAME, { height: H, width: W });
    assertAllClose(seen.image, image, { atol: 1e-6, rtol: 0 });
    assert.deepEqual(seen.label, label);
  });

  it('mirrors where x1 is right of x2', () => {
    const seen = view(each([0, 1, 1, 0]), SAME, { height: H, width: W });
    const mirrored = (n: number, y: number, x: number): number => (n * H + y) * W + (W - 1 - x);
    for (let n = 0; n < N; n++)
      for (let y = 0; y < H; y++)
        for (let x = 0; x < W; x++) {
          const [to, from] = [(n * H + y) * W + x, mirrored(n, y, x)];
          assert.equal(seen.label[to], label[from]);
          assert.ok(Math.abs(seen.image[3 * to + 1]! - image[3 * from + 1]!) < 1e-5);
        }
  });

  it('gives the label of the nearest pixel and the picture between the four around, as a plain loop does', () => {
    const size = { height: 8, width: 8 };
    const config = {
      minScale: 0.4,
      maxScale: 1.5,
      cropHeight: 8,
      cropWidth: 8,
      height: H,
      width: W,
    };
    const { boxes } = drawViews({ ...config, augment: ['flip', 'scale'], seed: 5 }, 3, N);
    const seen = view(boxes, SAME, size);
    let outside = 0;
    for (let n = 0; n < N; n++) {
      const [y1, x1, y2, x2] = boxes.subarray(4 * n, 4 * n + 4) as unknown as number[];
      for (let i = 0; i < 64; i++) {
        const y = (y1! + ((y2! - y1!) * Math.floor(i / 8)) / 7) * (H - 1);
        const x = (x1! + ((x2! - x1!) * (i % 8)) / 7) * (W - 1);
        const at = 64 * n + i;
        if (y < 0 || y > H - 1 || x < 0 || x > W - 1) {
          outside++;
          assert.equal(seen.label[at], IGNORE);
          continue;
        }
        // Ties between two pixels are rounding's to decide.
        if (Math.abs((y % 1) - 0.5) > 1e-4 && Math.abs((x % 1) - 0.5) > 1e-4) {
          assert.equal(seen.label[at], label[(n * H + Math.round(y)) * W + Math.round(x)]);
        }
        const pixel = (row: number, column: number): number =>
          image[3 * ((n * H + Math.min(row, H - 1)) * W + Math.min(column, W - 1))]!;
        const [top, left] = [Math.floor(y), Math.floor(x)];
        const mix = (a: number, b: number, share: number): number => a + (b - a) * share;
        const expected = mix(
          mix(pixel(top, left), pixel(top, left + 1), x - left),
          mix(pixel(top + 1, left), pixel(top + 1, left + 1), x - left),
          y - top,
        );
        assert.ok(
          Math.abs(seen.image[3 * at]! - expected) < 1e-4,
          `${seen.image[3 * at]}, ${expected}`,
        );
      }
    }
    assert.ok(outside > 0, 'expected a window that is larger than its scene among those drawn');
  });

  it('gives each pixel a linear map of its colour, within 0..1', () => {
    const rows = [0.5, 0.25, 0, 0.125, 0, 2, 0, 0, 0, 0, -1, 0.5];
    const seen = view(each([0, 0, 1, 1]), each(rows), { height: H, width: W });
    const expected = Float32Array.from(image, (_, i) => {
      const [r, g, b] = image.subarray(i - (i % 3), i - (i % 3) + 3) as unknown as number[];
      const [kr, kg, kb, shift] = rows.slice(4 * (i % 3), 4 * (i % 3) + 4);
      return Math.min(1, Math.max(0, kr! * r! + kg! * g! + kb! * b! + shift!));
    });
    assertAllClose(seen.image, expected, { atol: 1e-6, rtol: 0 });
  });
});
