import type { Dataset } from '../../src/data/dataset.js';
import { createTinyDataset } from './tiny-dataset.js';
import { TINY_FACTS } from './tiny-models.js';

const { height, width } = TINY_FACTS.inputSize;
const UNLABELED = 3;

/** Four scenes of three stripes for the tiny victim. Labels are right but for one block of 6×5 in the third scene, which is the next class; red is left of x = 8, and so on. */
export function createStripes(): Dataset {
  const base = createTinyDataset(4);
  return {
    ...base,
    read: async (index, size) => {
      const scene = await base.read(index, size);
      const image = new Uint8Array(scene.image.length);
      const label = new Uint8Array(height * width);
      for (let i = 0; i < label.length; i++) {
        const [x, y] = [i % width, Math.floor(i / width)];
        const stripe = Math.floor(x / 8);
        image[3 * i + stripe] = 200;
        const isBlock = index === 2 && x >= 1 && x < 7 && y >= 4 && y < 9;
        label[i] = y === 0 ? UNLABELED : isBlock ? 1 : stripe;
      }
      return { ...scene, image, label, originalSize: { height: 2 * height, width: 2 * width } };
    },
  };
}
