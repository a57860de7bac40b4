import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { openDataset } from '../../src/data/open-dataset.js';
import type { Dataset, Split } from '../../src/data/dataset.js';
import { sharp } from '../../src/data/sharp.js';
import { encodeFlat, encodeLabel, encodePng } from '../support/pictures.js';
import { withTemporaryFolder } from '../support/temporary-folder.js';
import { writeTree } from '../support/tree.js';

const SIZE = { width: 8, height: 8 };
const CLASSES = [
  { name: 'road', color: [128, 64, 128] },
  { name: 'car', color: [0, 0, 142] },
  { name: 'sky', color: [70, 130, 180] },
] as const;
const PICTURE = encodeFlat(8, 8, [1, 2, 3]);
const LABEL = encodeLabel(rowsOf(1));

describe('folder', () => {
  describe('labels', () => {
    const numbers = (x: number): number => [0, 1, 2, 255][x % 4]!;
    const expected = [0, 1, 2, 3]; // 255 is the class that is added.

    for (const kind of ['grey', 'palette'] as const) {
      it(`are class numbers in ${kind}, 255 unlabelled`, () =>
        withFolder({ 'labels/a.png': encodePng({ ...SIZE, kind, at: numbers }) }, async (dir) => {
          const dataset = await open(dir);
          assert.deepEqual(await labelRow(dataset), expected);
          assert.deepEqual(dataset.classTable, {
            classes: [...CLASSES, { name: 'unlabeled', color: [0, 0, 0] }],
            ignoreIndex: 3,
          });
        }));
    }

    const colors = [...CLASSES.map(({ color }) => color), [0, 0, 0]];
    for (const kind of ['rgb', 'rgba'] as const) {
      it(`are the classes' colours in ${kind}`, () => {
        const at = (x: number, _y: number, c: number): number => [...colors[x % 4]!, 9][c]!;
        const label = encodePng({ ...SIZE, kind, at });
        return withFolder({ 'labels/a.png': label }, async (dir) =>
          assert.deepEqual(await labelRow(await open(dir)), expected),
        );
      });
    }

    it("are a palette's colours where classes.json says so, whatever the indices", () => {
      const palette = colors.toReversed() as [number, number, number][];
      const label = encodePng({
        ...SIZE,
        kind: 'palette',
        bits: 2,
        palette,
        at: (x) => 3 - (x % 4),
      });
      const classes = JSON.stringify({ classes: CLASSES, labels: 'colors' });
      return withFolder({ 'labels/a.png': label, 'classes.json': classes }, async (dir) =>
        assert.deepEqual(await labelRow(await open(dir)), expected),
      );
    });

    it('are refused by the first colour that is no class, and its place', () => {
      const at = (x: number, y: number): number => (x === 3 && y === 2 ? 9 : 0);
      return withFolder({ 'labels/a.png': encodePng({ ...SIZE, kind: 'rgb', at }) }, async (dir) =>
        assert.rejects((await open(dir)).read(0, SIZE), {
          code: 'LABEL_INVALID',
          message: `${path.join(dir, 'labels', 'a.png')}: expected colours of ${path.join(dir, 'classes.json')}, got rgb(9, 9, 9) at pixel (3, 2); 1 of 64 pixels are no class`,
        }),
      );
    });

    it('are refused by a number that is no class, among them that of the class that is added', () =>
      withFolder({ 'labels/a.png': encodeLabel(rowsOf(3)) }, async (dir) =>
        assert.rejects((await open(dir)).read(0, SIZE), {
          code: 'LABEL_INVALID',
          message: /expected class numbers 0\.\.2 or 255, got 3 at pixel \(0, 0\); 64 of 64/,
        }),
      ));

    it('of colours among numbers are refused', () =>
      withFolder({ 'images/b.png': PICTURE, 'labels/b.png': PICTURE }, async (dir) => {
        const label = path.join(dir, 'labels', 'b.png');
        const datasets = await Promise.all([open(dir, 'train'), open(dir, 'val')]);
        const dataset = datasets.find((one) => one.nameOf(0) === 'b')!;
        await assert.rejects(dataset.read(0, SIZE), {
          code: 'LABEL_INVALID',
          message: `${label}: expected one channel of class numbers, got RGB`,
        });
      }));
  });

  describe('pictures', () => {
    it('may be of any format and size; the first one decides the default size', async () => {
      const jpeg = await sharp(encodeFlat(29, 20, [9, 9, 9]))
        .jpeg()
        .toBuffer();
      const webp = await sharp(encodeFlat(16, 40, [200, 9, 9]))
        .webp()
        .toBuffer();
      const files = {
        'images/train/a.JPG': jpeg,
        'images/train/b.webp': webp,
        'labels/train/a.png': encodeLabel(rowsOf(1, 29, 20)),
        'labels/train/b.png': encodeLabel(rowsOf(2, 16, 40)),
      };
      await withTemporaryFolder(async (dir) => {
        await writeTree(dir, { ...files, 'classes.json': JSON.stringify(CLASSES) });
        const dataset = await open(dir);
        // 29 → 32, 20 → 24 (half is rounded up)
        assert.deepEqual(dataset.defaultSize, { width: 32, height: 24 });
        const scenes = await Promise.all([0, 1].map((i) => dataset.read(i, dataset.defaultSize)));
        assert.deepEqual(
          scenes.map(({ image, label }) => [image.length, label.length, label[0]]),
          [
            [3 * 32 * 24, 32 * 24, 1],
            [3 * 32 * 24, 32 * 24, 2],
          ],
        );
      });
    });

    it('without labels are refused, and labels without pictures', () =>
      withFolder({ 'train.txt': 'a' }, async (dir) => {
        await rm(path.join(dir, 'labels', 'a.png'));
        await assert.rejects(open(dir), {
          code: 'FILE_NOT_FOUND',
          message: `${path.join(dir, 'train.txt')}:1: expected a label of the stem a in ${path.join(dir, 'labels')}, got nothing`,
        });
        await rm(path.join(dir, 'train.txt'));
        await assert.rejects(open(dir), {
          code: 'DATASET_INVALID',
          message: /a\.png: expected a label in .*labels, got none of its stem/,
        });
        await writeTree(dir, { 'labels/b.png': LABEL });
        await rm(path.join(dir, 'images', 'a.png'));
        await writeTree(dir, { 'images/c.txt': '' });
        await assert.rejects(open(dir), { message: /images: expected pictures, got none/ });
      }));
  });

  it('says what a folder lacks', () =>
    withTemporaryFolder(async (dir) => {
      await writeTree(dir, { 'pictures/a.png': PICTURE });
      await assert.rejects(open(dir), {
        code: 'FILE_NOT_FOUND',
        message: `${path.join(dir, 'classes.json')}: expected a file or folder, got nothing of that name`,
      });
      await writeTree(dir, { 'classes.json': JSON.stringify(CLASSES) });
      await assert.rejects(open(dir), {
        code: 'FILE_NOT_FOUND',
        message: `${path.join(dir, 'images')}: expected a folder, got none of that name; ${dir} holds classes.json, pictures`,
      });
    }));
});

/** The first four classes of the first row of the first scene. */
async function labelRow(dataset: Dataset): Promise<number[]> {
  const { label } = await dataset.read(0, SIZE);
  return [...label.subarray(0, 4)];
}

function open(dir: string, split: Split = 'train'): Promise<Dataset> {
  return openDataset({ name: 'folder', dir, split });
}

function rowsOf(value: number, width = 8, height = 8): number[][] {
  return Array.from({ length: height }, () => new Array<number>(width).fill(value));
}

/** A folder of one scene `a`, in train, with some files besides or in its place. */
async function withFolder(
  files: Readonly<Record<string, Uint8Array | string>>,
  body: (dir: string) => Promise<void>,
): Promise<void> {
  await withTemporaryFolder(async (dir) => {
    await writeTree(dir, {
      'classes.json': JSON.stringify(CLASSES),
      'images/a.png': PICTURE,
      'labels/a.png': LABEL,
      ...files,
    });
    await body(dir);
  });
}
