import assert from 'node:assert/strict';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { openCamvid } from '../../src/data/camvid.js';
import { openDataset } from '../../src/data/open-dataset.js';
import { CAMVID } from '../../src/shared/classes.js';
import { encodeFlat, encodePng } from '../support/pictures.js';
import { withTemporaryFolder } from '../support/temporary-folder.js';

const SIZE = { width: 12, height: 10 };

describe('openCamvid', () => {
  it('takes the order and the membership of the list', () =>
    withCamvid(['a', 'b', 'c'], async (dir) => {
      await writeList(dir, ['c', 'a']);
      const dataset = await openCamvid({ dir, split: 'train' });
      assert.equal(dataset.length, 2);
      assert.deepEqual([dataset.nameOf(0), dataset.nameOf(1)], ['c', 'a']);
      assert.equal((await dataset.read(0, SIZE)).name, 'c');
    }));

  it('takes every pair by stem, sorted, where there is no list', () =>
    withCamvid(['b', 'a10', 'a9'], async (dir) => {
      await writeFile(path.join(dir, 'train', 'Thumbs.db'), '');
      const dataset = await openCamvid({ dir, split: 'train' });
      const names = Array.from({ length: dataset.length }, (_, i) => dataset.nameOf(i));
      assert.deepEqual(names, ['a10', 'a9', 'b']);
    }));

  it('reads lists of stems, of names and of paths of pictures, and other people’s roots', () =>
    withCamvid(['a', 'b', 'c', 'd.e'], async (dir) => {
      const list = 'b\na.png\ntrain/c.png\nd.e\n';
      await writeFile(path.join(dir, 'train.txt'), list);
      const dataset = await openCamvid({ dir, split: 'train' });
      const names = Array.from({ length: dataset.length }, (_, i) => dataset.nameOf(i));
      assert.deepEqual(names, ['b', 'a', 'c', 'd.e']);
      assert.equal((await dataset.read(3, SIZE)).image[0], 3);
      const root = '/home/me/SegNet/CamVid';
      await writeFile(path.join(dir, 'train.txt'), `${root}/train/b.png ${root}/trainannot/b.png`);
      assert.equal((await openCamvid({ dir, split: 'train' })).nameOf(0), 'b');
    }));

  it('takes a scene once that its list names twice, and passes over what no list names', () =>
    withCamvid(['a', 'b', 'c'], async (dir) => {
      await writeFile(path.join(dir, 'train.txt'), 'b\na\nb\n');
      const dataset = await openCamvid({ dir, split: 'train' });
      assert.deepEqual([dataset.length, dataset.nameOf(0), dataset.nameOf(1)], [2, 'b', 'a']);
    }));

  it('says what it is', () =>
    withCamvid(['a'], async (dir) => {
      const dataset = await openCamvid({ dir, split: 'train' });
      assert.equal(dataset.name, 'camvid');
      assert.equal(dataset.split, 'train');
      assert.equal(dataset.classTable, CAMVID);
      assert.deepEqual(dataset.defaultSize, { height: 360, width: 480 });
      assert.throws(() => dataset.nameOf(1), RangeError);
      await assert.rejects(dataset.read(-1, SIZE), RangeError);
      await dataset.close();
    }));

  it('reads the picture and the label of a scene, at the size in the files and at another', () =>
    withCamvid(['a', 'b'], async (dir) => {
      const dataset = await openCamvid({ dir, split: 'train' });
      // Scene 1 is of colour (1, 100, 200); its label has class y in row y.
      const scene = await dataset.read(1, SIZE);
      assert.deepEqual(
        { ...scene, image: 0, label: 0 },
        { name: 'b', ...SIZE, image: 0, label: 0, originalSize: SIZE },
      );
      assert.deepEqual([...scene.image.subarray(0, 3)], [1, 100, 200]);
      assert.equal(scene.image.length, 12 * 10 * 3);
      assert.deepEqual(
        [...scene.label],
        Array.from({ length: 120 }, (_, i) => Math.floor(i / 12)),
      );
      const small = await dataset.read(1, { width: 2, height: 5 });
      assert.equal(small.image.length, 2 * 5 * 3);
      assert.deepEqual(small.originalSize, SIZE);
      // Rows floor((i + 0.5) * 10 / 5) = 1, 3, 5, 7, 9.
      assert.deepEqual([...small.label], [1, 1, 3, 3, 5, 5, 7, 7, 9, 9]);
    }));

  it('reads lists with relative paths, blank lines and Windows line ends', () =>
    withCamvid(['a', 'b'], async (dir) => {
      const list =
        '\ufefftrain/b.png trainannot/b.png\r\n\r\n  train/a.png\ttrainannot/a.png  \r\n';
      await writeFile(path.join(dir, 'train.txt'), list);
      const dataset = await openCamvid({ dir, split: 'train' });
      assert.deepEqual([dataset.nameOf(0), dataset.nameOf(1)], ['b', 'a']);
    }));

  describe('refuses', () => {
    it('a folder that is not there', () =>
      withTemporaryFolder((dir) =>
        assertRefused(path.join(dir, 'no'), 'FILE_NOT_FOUND', path.join(dir, 'no', 'train')),
      ));

    it('a wrong folder, telling what it holds', () =>
      withCamvid(['a'], async (dir) => {
        await rm(path.join(dir, 'train'), { recursive: true });
        const message = `${path.join(dir, 'train')}: expected a folder, got none of that name; ${dir} holds trainannot`;
        await assertRefused(dir, 'FILE_NOT_FOUND', message);
      }));

    it('a folder without labels', () =>
      withCamvid(['a'], async (dir) => {
        await rm(path.join(dir, 'trainannot'), { recursive: true });
        await assertRefused(dir, 'FILE_NOT_FOUND', path.join(dir, 'trainannot'));
      }));

    it('a folder without pictures', () =>
      withCamvid([], (dir) =>
        assertRefused(dir, 'DATASET_INVALID', `${path.join(dir, 'train')}: expected pictures`),
      ));

    it('pictures without labels, counting them and naming the first five', () =>
      withCamvid(['a', 'b', 'c', 'd', 'e', 'f', 'g'], async (dir) => {
        for (const stem of ['b', 'c', 'd', 'e', 'f', 'g']) {
          await rm(path.join(dir, 'trainannot', `${stem}.png`));
        }
        const labels = path.join(dir, 'trainannot');
        const first = `b.png: expected a label in ${labels}, got none of its stem; so it is with 6 files:`;
        await assertRefused(
          dir,
          'DATASET_INVALID',
          `${first} b.png, c.png, d.png, e.png, f.png, …`,
        );
      }));

    it('labels without pictures', () =>
      withCamvid(['a', 'b'], async (dir) => {
        await rm(path.join(dir, 'train', 'b.png'));
        const message = `b.png: expected a picture in ${path.join(dir, 'train')}, got none of its stem`;
        await assertRefused(dir, 'DATASET_INVALID', message);
      }));

    it('two pictures of one stem', () =>
      withCamvid(['a'], async (dir) => {
        await writeFile(path.join(dir, 'train', 'a.jpg'), '');
        await assertRefused(dir, 'DATASET_INVALID', 'expected one file of the stem a');
      }));

    it('a list that names a missing file, with its line', () =>
      withCamvid(['a'], async (dir) => {
        await writeList(dir, ['a', 'z']);
        const where = `${path.join(dir, 'train.txt')}:2`;
        await assertRefused(dir, 'FILE_NOT_FOUND', where);
        await assertRefused(dir, 'FILE_NOT_FOUND', path.join(dir, 'train', 'z.png'));
      }));

    it('a list of a stem that has no picture, or no label', () =>
      withCamvid(['a', 'b'], async (dir) => {
        await writeFile(path.join(dir, 'train.txt'), 'a\nz\nb\n');
        const where = `${path.join(dir, 'train.txt')}:2: expected a picture of the stem z`;
        await assertRefused(dir, 'FILE_NOT_FOUND', where);
        await rm(path.join(dir, 'trainannot', 'a.png'));
        await assertRefused(dir, 'FILE_NOT_FOUND', 'train.txt:1: expected a label of the stem a');
      }));

    it('a list that names a missing label', () =>
      withCamvid(['a'], async (dir) => {
        await writeList(dir, ['a']);
        await rm(path.join(dir, 'trainannot', 'a.png'));
        await assertRefused(dir, 'FILE_NOT_FOUND', path.join(dir, 'trainannot', 'a.png'));
      }));

    for (const { name, list, message } of [
      { name: 'an empty list', list: ' \n\n', message: 'train.txt: expected scenes' },
      { name: 'a line of three paths', list: 'a b c', message: 'train.txt:1: expected two paths' },
      {
        name: 'a line that pairs two stems',
        list: 'train/a.png trainannot/b.png',
        message: 'got a and b',
      },
    ]) {
      it(name, () =>
        withCamvid(['a', 'b'], async (dir) => {
          await writeFile(path.join(dir, 'train.txt'), list);
          await assertRefused(dir, 'DATASET_INVALID', message);
        }),
      );
    }

    for (const found of [
      { width: 10, height: 10 },
      { width: 12, height: 12 },
    ]) {
      it(`a label of ${found.width}×${found.height} to a picture of 12×10, with both sizes`, () =>
        withCamvid(['a'], async (dir) => {
          const picture = path.join(dir, 'train', 'a.png');
          const label = path.join(dir, 'trainannot', 'a.png');
          await writeFile(label, encodePng({ ...found, kind: 'grey', at: () => 0 }));
          const dataset = await openCamvid({ dir, split: 'train' });
          await assert.rejects(dataset.read(0, SIZE), {
            code: 'DATASET_INVALID',
            message:
              `${label}: expected a label of 12×10 like its picture ${picture}, ` +
              `got ${found.width}×${found.height}`,
          });
        }));
    }

    it('a label with a number beyond the twelve classes', () =>
      withCamvid(['a'], async (dir) => {
        const label = path.join(dir, 'trainannot', 'a.png');
        await writeFile(label, encodePng({ ...SIZE, kind: 'grey', at: () => 12 }));
        const dataset = await openCamvid({ dir, split: 'train' });
        await assert.rejects(dataset.read(0, SIZE), { code: 'LABEL_INVALID' });
      }));
  });
});

describe('openDataset', () => {
  it('opens camvid in the folder that it is given', () =>
    withCamvid(['a'], async (dir) => {
      const dataset = await openDataset({ name: 'camvid', dir, split: 'train' });
      assert.equal(dataset.name, 'camvid');
      assert.equal(dataset.length, 1);
    }));

  it('asks for the folder of camvid', () =>
    assert.rejects(openDataset({ name: 'camvid', split: 'train' }), {
      code: 'USAGE',
      message: 'expected --dataset-dir, the folder of camvid, got none',
    }));

  for (const name of ['kitti', 'toString', '']) {
    it(`refuses the name "${name}" and lists those it knows`, () =>
      assert.rejects(openDataset({ name, split: 'train' }), {
        code: 'USAGE',
        message: `expected a data set of camvid, cityscapes, folder, sample, got ${name}`,
      }));
  }
});

/** Makes a CamVid of tiny scenes: scene i is of colour (i, 100, 200), its label has class y in row y. */
async function withCamvid(
  stems: readonly string[],
  body: (dir: string) => Promise<void>,
): Promise<void> {
  await withTemporaryFolder(async (dir) => {
    await mkdir(path.join(dir, 'train'));
    await mkdir(path.join(dir, 'trainannot'));
    for (const [i, stem] of stems.entries()) {
      const picture = encodeFlat(SIZE.width, SIZE.height, [i, 100, 200]);
      const label = encodePng({ ...SIZE, kind: 'grey', at: (_x, y) => y });
      await writeFile(path.join(dir, 'train', `${stem}.png`), picture);
      await writeFile(path.join(dir, 'trainannot', `${stem}.png`), label);
    }
    await body(dir);
  });
}

async function writeList(dir: string, stems: readonly string[]): Promise<void> {
  const root = '/SegNet/CamVid';
  const lines = stems.map((stem) => `${root}/train/${stem}.png ${root}/trainannot/${stem}.png\n`);
  await writeFile(path.join(dir, 'train.txt'), lines.join(''));
}

async function assertRefused(dir: string, code: string, part: string): Promise<void> {
  await assert.rejects(openCamvid({ dir, split: 'train' }), (error: Error & { code: string }) => {
    assert.equal(error.code, code);
    assert.ok(error.message.includes(part), error.message);
    return true;
  });
}
