import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Dataset, Scene, Size, Split } from '../../src/data/dataset.js';
import { CAMVID } from '../../src/shared/classes.js';
import { createRandom } from '../../src/shared/random.js';
import { encodeLabel, encodePng } from './pictures.js';

/**
 * Draws scene `index`: a cross of four fields, each of another class and in that class's own colour with some noise, under a
 * strip of unlabelled pixels. Enough to learn from in a few steps.
 */
export function drawScene(index: number, { height, width }: Size): Scene {
  const random = createRandom(7, index);
  const [splitY, splitX] = [random, random].map((draw, i) =>
    Math.floor([height, width][i]! * (0.3 + 0.4 * draw())),
  );
  const label = new Uint8Array(height * width);
  const image = new Uint8Array(3 * label.length);
  for (let pixel = 0; pixel < label.length; pixel++) {
    const [y, x] = [Math.floor(pixel / width), pixel % width];
    const field = (y < splitY! ? 0 : 2) + (x < splitX! ? 0 : 1);
    label[pixel] = y < 2 ? CAMVID.ignoreIndex : (3 * field + index) % CAMVID.ignoreIndex;
    const { color } = CAMVID.classes[label[pixel]!]!;
    for (let c = 0; c < 3; c++) {
      image[3 * pixel + c] = Math.round(0.8 * color[c]! + 40 * random());
    }
  }
  return { name: `scene${index}`, height, width, image, label };
}

/** A split of drawn scenes in memory; `val` begins where a large `train` ends. */
export function createDrawnDataset(
  length: number,
  own: {
    readonly split?: Split;
    /** Called before each read. */
    readonly onRead?: (index: number) => void;
  } = {},
): Dataset {
  const { split = 'train', onRead } = own;
  const first = split === 'train' ? 0 : 1000;
  return {
    name: 'drawn',
    split,
    classTable: CAMVID,
    length,
    defaultSize: { height: 64, width: 64 },
    nameOf: (index) => `scene${first + index}`,
    read: async (index, size) => {
      await Promise.resolve();
      onRead?.(index);
      return drawScene(first + index, size);
    },
    close: () => Promise.resolve(),
  };
}

/** Writes drawn scenes as CamVid is laid out. */
export async function writeDrawnCamvid(
  dir: string,
  lengths: { readonly train: number; readonly val: number },
  size: Size,
): Promise<void> {
  for (const split of ['train', 'val'] as const) {
    const [pictures, labels] = [path.join(dir, split), path.join(dir, `${split}annot`)];
    await Promise.all([mkdir(pictures, { recursive: true }), mkdir(labels, { recursive: true })]);
    const dataset = createDrawnDataset(lengths[split], { split });
    for (let i = 0; i < dataset.length; i++) {
      const { name, image, label } = await dataset.read(i, size);
      const { width } = size;
      const at = (x: number, y: number, c: number): number => image[3 * (y * width + x) + c]!;
      const rows = Array.from({ length: size.height }, (_, y) => [
        ...label.subarray(y * width, (y + 1) * width),
      ]);
      await writeFile(path.join(pictures, `${name}.png`), encodePng({ ...size, kind: 'rgb', at }));
      await writeFile(path.join(labels, `${name}.png`), encodeLabel(rows));
    }
  }
}
