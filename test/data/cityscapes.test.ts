import assert from 'node:assert/strict';
import { mkdir, rename, rm, symlink } from 'node:fs/promises';
import path from 'node:path';
import { openDataset } from '../../src/data/open-dataset.js';
import type { Dataset, Split } from '../../src/data/dataset.js';
import { CITYSCAPES, classNames } from '../../src/shared/classes.js';
import { encodeFlat, encodeLabel } from '../support/pictures.js';
import { withTemporaryFolder } from '../support/temporary-folder.js';
import { writeTree } from '../support/tree.js';

const SIZE = { width: 8, height: 8 };
const STEMS = {
  train: ['aachen_000000_000019', 'aachen_000001_000019', 'zurich_000000_000019'],
  val: ['munster_000000_000019'],
  test: ['berlin_000000_000019'],
} as const;

describe('cityscapes', () => {
  it('pairs pictures with labels of the same stem across cities, in the order of stems', () =>
    withCityscapes(async (dir) => {
      const dataset = await open(dir, 'train');
      assert.deepEqual(namesOf(dataset), [...STEMS.train]);
      for (const [i, stem] of STEMS.train.entries()) {
        const { name, image, label } = await dataset.read(i, SIZE);
        // Scene i is of colour (i, 1, 2) and all of the class with train id i.
        assert.deepEqual([name, image[0], label[0]], [stem, i, i]);
      }
      assert.deepEqual(namesOf(await open(dir, 'val')), [...STEMS.val]);
    }));

  it('pairs by stem a label that lies in another city, and never by place', () =>
    withCityscapes(async (dir) => {
      const labels = path.join(dir, 'gtFine', 'train');
      const name = 'zurich_000000_000019_gtFine_labelIds.png';
      await rename(path.join(labels, 'zurich', name), path.join(labels, 'aachen', name));
      const dataset = await open(dir, 'train');
      const numbers = await Promise.all([0, 1, 2].map((i) => dataset.read(i, SIZE)));
      assert.deepEqual(
        numbers.map(({ label }) => label[0]),
        [0, 1, 2],
      );
    }));

  it('says what it is', () =>
    withCityscapes(async (dir) => {
      const dataset = await open(dir, 'val');
      assert.deepEqual([dataset.name, dataset.split], ['cityscapes', 'val']);
      assert.equal(dataset.classTable, CITYSCAPES);
      assert.deepEqual(dataset.defaultSize, { height: 512, width: 1024 });
    }));

  it('reads both archives unzipped in folders of their own names', () =>
    withCityscapes(async (dir) => {
      for (const archive of ['leftImg8bit', 'gtFine']) {
        await mkdir(path.join(dir, `${archive}_trainvaltest`));
        const own = path.join(dir, `${archive}_trainvaltest`, archive);
        await rename(path.join(dir, archive), own);
        assert.deepEqual(namesOf(await open(dir, 'train')), [...STEMS.train]);
      }
    }));

  it('follows links to the folders of cities, and passes over other files', () =>
    withCityscapes(async (dir) => {
      const pictures = path.join(dir, 'leftImg8bit', 'train');
      await rename(path.join(pictures, 'zurich'), path.join(dir, 'elsewhere'));
      await symlink(path.join(dir, 'elsewhere'), path.join(pictures, 'zurich'));
      await writeTree(dir, {
        'leftImg8bit/train/.DS_Store': '',
        'leftImg8bit/train/aachen/Thumbs.db': '',
        'gtFine/train/aachen/aachen_000000_000019_gtFine_color.png': '',
        'gtFine/train/aachen/aachen_000000_000019_gtFine_instanceIds.png': '',
        'gtFine/train/aachen/aachen_000000_000019_gtFine_polygons.json': '',
      });
      assert.deepEqual(namesOf(await open(dir, 'train')), [...STEMS.train]);
    }));

  it('turns the 34 ids and 255 into the 19 train ids and unlabelled', () =>
    withTemporaryFolder(async (dir) => {
      // trainId by id, from the official table; 19 stands for void.
      const trainIds = [
        19, 19, 19, 19, 19, 19, 19, 0, 1, 19, 19, 2, 3, 4, 19, 19, 19, 5, 19, 6, 7, 8, 9, 10, 11,
        12, 13, 14, 15, 19, 19, 16, 17, 18, 19,
      ];
      const ids = [...Array.from({ length: 34 }, (_, id) => id), 255];
      const rows = Array.from({ length: 8 }, () => ids);
      await writeScene(dir, 'val', 'ulm_0', { picture: encodeFlat(35, 8, [0, 0, 0]), ids: rows });
      const { label } = await (await open(dir, 'val')).read(0, { width: 35, height: 8 });
      assert.deepEqual([...label.subarray(0, 35)], trainIds);
      const named = (id: number): string => classNames(CITYSCAPES)[label[id]!]!;
      assert.deepEqual([7, 19, 22, 24, 26, 33, 0, 29].map(named), [
        'road',
        'traffic light',
        'terrain',
        'person',
        'car',
        'bicycle',
        'unlabeled',
        'unlabeled',
      ]);
    }));

  it('takes *_labelTrainIds.png where *_labelIds.png is missing, scene by scene', () =>
    withCityscapes(async (dir) => {
      const folder = 'gtFine/train/aachen/aachen_00000';
      await writeTree(dir, {
        // 7 is road by id, traffic sign by train id.
        [`${folder}0_000019_gtFine_labelTrainIds.png`]: encodeLabel(rowsOf(18)),
        [`${folder}1_000019_gtFine_labelTrainIds.png`]: encodeLabel(rowsOf(7)),
      });
      await rm(path.join(dir, `${folder}1_000019_gtFine_labelIds.png`));
      const dataset = await open(dir, 'train');
      assert.equal((await dataset.read(0, SIZE)).label[0], 0);
      assert.equal((await dataset.read(1, SIZE)).label[0], 7);
      await writeTree(dir, {
        [`${folder}1_000019_gtFine_labelTrainIds.png`]: encodeLabel(rowsOf(255)),
      });
      assert.equal((await dataset.read(1, SIZE)).label[0], CITYSCAPES.ignoreIndex);
    }));

  describe('refuses', () => {
    it('the test split, whose labels are kept back', () =>
      withCityscapes(async (dir) => {
        await assert.rejects(open(dir, 'test'), {
          code: 'DATASET_INVALID',
          message:
            'cityscapes: expected a split with labels (train or val), got test: ' +
            'Cityscapes keeps its labels back and scores it on its own server',
        });
      }));

    it('a folder without pictures, naming both places and what is there', () =>
      withTemporaryFolder(async (dir) => {
        await writeTree(dir, { 'gtFine/train/aachen/x': '', 'README.md': '' });
        await assert.rejects(open(dir, 'train'), {
          code: 'FILE_NOT_FOUND',
          message: `${dir}: expected the folder leftImg8bit or leftImg8bit_trainvaltest/leftImg8bit, got README.md, gtFine`,
        });
      }));

    it('a folder without labels', () =>
      withCityscapes(async (dir) => {
        await rm(path.join(dir, 'gtFine'), { recursive: true });
        await assert.rejects(open(dir, 'train'), {
          code: 'FILE_NOT_FOUND',
          message: `${dir}: expected the folder gtFine or gtFine_trainvaltest/gtFine, got leftImg8bit`,
        });
      }));

    it('a folder that is not there', () =>
      withTemporaryFolder((dir) =>
        assert.rejects(open(path.join(dir, 'no'), 'train'), {
          code: 'FILE_NOT_FOUND',
          message: `${path.join(dir, 'no')}: expected a folder, got none of that name; ${dir} holds nothing`,
        }),
      ));

    it('a picture without a label, with where it was looked for', () =>
      withCityscapes(async (dir) => {
        const own = 'zurich/zurich_000000_000019';
        await rm(path.join(dir, 'gtFine', 'train', `${own}_gtFine_labelIds.png`));
        await assert.rejects(open(dir, 'train'), {
          code: 'DATASET_INVALID',
          message:
            `${path.join(dir, 'leftImg8bit', 'train', `${own}_leftImg8bit.png`)}: ` +
            `expected a label in ${path.join(dir, 'gtFine', 'train')}, got none of its stem`,
        });
      }));

    it('a number that is no id', () =>
      withTemporaryFolder(async (dir) => {
        const picture = encodeFlat(8, 8, [0, 0, 0]);
        await writeScene(dir, 'val', 'ulm_0', { picture, ids: rowsOf(34) });
        await assert.rejects((await open(dir, 'val')).read(0, SIZE), {
          code: 'LABEL_INVALID',
          message: /expected Cityscapes' ids 0\.\.33 or 255, got 34 at pixel \(0, 0\); 64 of 64/,
        });
      }));
  });
});

function open(dir: string, split: Split): Promise<Dataset> {
  return openDataset({ name: 'cityscapes', dir, split });
}

function namesOf(dataset: Dataset): string[] {
  return Array.from({ length: dataset.length }, (_, i) => dataset.nameOf(i));
}

function rowsOf(value: number): number[][] {
  return Array.from({ length: SIZE.height }, () => new Array<number>(SIZE.width).fill(value));
}

/** The ids of the first three train ids. */
const IDS = [7, 8, 11];

/** Cityscapes in little: scene i of a split is of colour (i, 1, 2), and all of train id i. */
async function withCityscapes(body: (dir: string) => Promise<void>): Promise<void> {
  await withTemporaryFolder(async (dir) => {
    for (const split of ['train', 'val', 'test'] as const) {
      for (const [i, stem] of STEMS[split].entries()) {
        const picture = encodeFlat(SIZE.width, SIZE.height, [i, 1, 2]);
        await writeScene(dir, split, stem, { picture, ids: rowsOf(IDS[i]!) });
      }
    }
    await body(dir);
  });
}

async function writeScene(
  dir: string,
  split: Split,
  stem: string,
  { picture, ids }: { readonly picture: Uint8Array; readonly ids: readonly (readonly number[])[] },
): Promise<void> {
  const [city] = stem.split('_');
  await writeTree(dir, {
    [`leftImg8bit/${split}/${city}/${stem}_leftImg8bit.png`]: picture,
    [`gtFine/${split}/${city}/${stem}_gtFine_labelIds.png`]: encodeLabel(ids),
  });
}
