import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import path from 'node:path';
import { openDataset } from '../../src/data/open-dataset.js';
import type { Split } from '../../src/data/dataset.js';
import { findFolderSplits } from '../../src/data/folder-splits.js';
import { encodeFlat, encodeLabel } from '../support/pictures.js';
import { withTemporaryFolder } from '../support/temporary-folder.js';
import { writeTree } from '../support/tree.js';

const PICTURE = encodeFlat(8, 8, [1, 2, 3]);
const LABEL = encodeLabel([[0]]);

describe('findFolderSplits', () => {
  it('takes subfolders, and lists then for nothing', () =>
    withTemporaryFolder(async (dir) => {
      await writeScenes(dir, ['train/a', 'train/b', 'val/c']);
      await writeTree(dir, { 'train.txt': 'c' });
      const splits = await findFolderSplits(dir);
      assert.deepEqual(splits.names, ['train', 'val']);
      assert.deepEqual(await namesOf(dir, 'train'), ['a', 'b']);
      assert.deepEqual(await namesOf(dir, 'val'), ['c']);
      assert.equal(splits.firstLabel, path.join(dir, 'labels', 'train', 'a.png'));
    }));

  it('takes lists of stems, in their order', () =>
    withTemporaryFolder(async (dir) => {
      await writeScenes(dir, ['a', 'b', 'c', 'd', 'e']);
      await writeTree(dir, { 'train.txt': 'd\na.png\n', 'test.txt': 'c\n' });
      assert.deepEqual((await findFolderSplits(dir)).names, ['train', 'test']);
      assert.deepEqual(await namesOf(dir, 'train'), ['d', 'a']);
      assert.deepEqual(await namesOf(dir, 'test'), ['c']);
    }));

  it('names what no list has, once', () =>
    withTemporaryFolder(async (dir) => {
      await writeScenes(dir, ['a', 'b', 'c']);
      await writeTree(dir, { 'train.txt': 'a', 'val.txt': 'b' });
      const splits = await findFolderSplits(dir);
      const [train, val] = [await splits.list('train'), await splits.list('val')];
      assert.deepEqual(
        train.faults.map(({ kind, file }) => [kind, path.relative(dir, file)]),
        [
          ['unlisted', 'images/c.png'],
          ['unlisted', 'labels/c.png'],
        ],
      );
      assert.match(train.faults[0]!.message, /expected only files that train\.txt, val\.txt lists/);
      assert.deepEqual(val.faults, []);
    }));

  describe('without either', () => {
    const stems = Array.from({ length: 60 }, (_, i) => `frame-${i}`);
    const isLow = (stem: string): boolean =>
      createHash('sha256').update(stem).digest().readUInt32BE() < 0.2 * 2 ** 32;

    it('makes val of the fifth whose hashes are lowest, and train of the others', () =>
      withTemporaryFolder(async (dir) => {
        await writeScenes(dir, stems);
        assert.deepEqual(await namesOf(dir, 'val'), stems.filter(isLow).sort());
        const others = stems.filter((stem) => !isLow(stem)).sort();
        assert.deepEqual(await namesOf(dir, 'train'), others);
        assert.ok(others.length > 40 && others.length < 55, `${others.length} of 60`);
      }));

    it('moves no picture from one to the other when pictures are added', () =>
      withTemporaryFolder(async (dir) => {
        await writeScenes(dir, stems.slice(0, 30));
        const before = await namesOf(dir, 'val');
        await writeScenes(dir, stems.slice(30));
        const after = await namesOf(dir, 'val');
        assert.deepEqual(
          after.filter((stem) => stems.indexOf(stem) < 30),
          before,
        );
      }));

    it('leaves neither empty as long as there are two pictures', () =>
      withTemporaryFolder(async (dir) => {
        const high = stems.filter((stem) => !isLow(stem)).slice(0, 2);
        await writeScenes(dir, high.slice(0, 1));
        assert.deepEqual(await namesOf(dir, 'train'), high.slice(0, 1));
        await assert.rejects(open(dir, 'val'), {
          code: 'DATASET_INVALID',
          message: 'folder val: expected at least one scene, got none',
        });
        await writeScenes(dir, high.slice(1));
        const [train, val] = [await namesOf(dir, 'train'), await namesOf(dir, 'val')];
        assert.deepEqual([train.length, val.length], [1, 1]);
        assert.deepEqual([...train, ...val].sort(), high.sort());
      }));

    it('tells each fault with the split that its stem is of', () =>
      withTemporaryFolder(async (dir) => {
        await writeScenes(dir, stems);
        const alone = stems.map((stem) => [`images/only-${stem}.png`, PICTURE] as const);
        await writeTree(dir, Object.fromEntries(alone));
        const splits = await findFolderSplits(dir);
        const faults = { train: await splits.list('train'), val: await splits.list('val') };
        const of = (split: 'train' | 'val'): string[] =>
          faults[split].faults.map(({ file }) => path.parse(file).name);
        assert.equal(of('train').length + of('val').length, 60);
        assert.ok(of('val').every(isLow) && !of('train').some(isLow));
      }));
  });

  for (const { name, files, message } of [
    {
      name: 'subfolders',
      files: ['train/a', 'val/b'],
      message:
        /expected a split that the folder has \(train, val, by .*images\/train, val, test\), got test/,
    },
    {
      name: 'no lists',
      files: ['a', 'b'],
      message: /\(train, val, by a fifth of the pictures as val, the others as train\), got test/,
    },
  ]) {
    it(`refuses a split that a folder of ${name} lacks`, () =>
      withTemporaryFolder(async (dir) => {
        await writeScenes(dir, files);
        await assert.rejects(open(dir, 'test'), { code: 'DATASET_INVALID', message });
      }));
  }
});

async function writeScenes(dir: string, stems: readonly string[]): Promise<void> {
  const classes = [
    { name: 'road', color: [1, 1, 1] },
    { name: 'car', color: [2, 2, 2] },
  ];
  const scenes = stems.flatMap((stem) => [
    [`images/${stem}.png`, PICTURE] as const,
    [`labels/${stem}.png`, LABEL] as const,
  ]);
  await writeTree(dir, {
    'classes.json': JSON.stringify(classes),
    ...Object.fromEntries(scenes),
  });
}

function open(dir: string, split: Split): ReturnType<typeof openDataset> {
  return openDataset({ name: 'folder', dir, split });
}

async function namesOf(dir: string, split: Split): Promise<string[]> {
  const dataset = await open(dir, split);
  return Array.from({ length: dataset.length }, (_, i) => dataset.nameOf(i));
}
