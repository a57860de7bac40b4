import assert from 'node:assert/strict';
import { copyFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { checkDataset, type DatasetCheck } from '../../../src/data/check/check-dataset.js';
import type { Fault } from '../../../src/data/check/fault.js';
import { findLayout } from '../../../src/data/open-dataset.js';
import { sharp } from '../../../src/data/sharp.js';
import { CAMVID } from '../../../src/shared/classes.js';
import { createRandom } from '../../../src/shared/random.js';
import { encodeFlat, encodeLabel, encodePng } from '../../support/pictures.js';
import { withTemporaryFolder } from '../../support/temporary-folder.js';
import { writeTree } from '../../support/tree.js';

const SIDE = 24;

/** A camvid of noise: `train` has a, b and c, `val` has d and e; every label has every class. */
const CLEAN = Object.fromEntries([
  ...['train/a', 'train/b', 'train/c', 'val/d', 'val/e'].flatMap((scene, i) => {
    const [split, stem] = scene.split('/');
    return [
      [`${split}/${stem}.png`, noise(i)],
      [`${split}annot/${stem}.png`, labelOf((x, y) => (x + y) % 12)],
    ] as const;
  }),
]);

describe('checkDataset', () => {
  it('finds nothing in a data set without faults, and tells what it holds', () =>
    withCamvid({}, async (dir) => {
      const told: number[][] = [];
      const { faults, splits } = await check(dir, { onProgress: (...now) => told.push(now) });
      assert.deepEqual(faults, []);
      assert.deepEqual(
        told,
        [1, 2, 3, 4, 5].map((done) => [done, 5]),
      );
      const [train, val] = splits;
      assert.deepEqual(
        [train!.split, train!.scenes, val!.split, val!.scenes],
        ['train', 3, 'val', 2],
      );
      assert.deepEqual(val!.sizes, [{ width: SIDE, height: SIDE, pictures: 2 }]);
      // (x + y) % 12 over 24 × 24: each class has a twelfth.
      const expected = CAMVID.classes.map(({ name }) => ({
        name,
        pixels: 144,
        share: 1 / 12,
        labels: 3,
      }));
      assert.deepEqual(train!.classes, expected);
    }));

  const cases: readonly {
    readonly name: string;
    /** Files that are written, or removed where there is null. */
    readonly files?: Readonly<Record<string, Uint8Array | string | null>>;
    readonly change?: (dir: string) => Promise<unknown>;
    readonly expected: readonly (readonly [kind: string, file: string, message: RegExp])[];
  }[] = [
    {
      name: 'a picture without a label and a label without a picture',
      files: { 'trainannot/a.png': null, 'val/d.png': null },
      expected: [
        ['missing-label', 'train/a.png', /expected a label in .*trainannot, got none of its stem/],
        ['missing-picture', 'valannot/d.png', /expected a picture in .*val, got none of its stem/],
      ],
    },
    {
      name: 'two pictures of one stem',
      files: { 'train/a.tif': 'never read' },
      expected: [
        ['same-stem', 'train/a.tif', /expected one file of the stem a, got a\.png and a\.tif/],
      ],
    },
    {
      name: 'a split without pictures, and one without its folder of labels',
      files: { 'train/a.png': null, 'train/b.png': null, 'train/c.png': null },
      change: (dir) => rm(path.join(dir, 'valannot'), { recursive: true }),
      expected: [
        ['empty', 'train', /expected pictures, got none/],
        ['missing-picture', 'trainannot/a.png', /got none/],
        ['missing-picture', 'trainannot/b.png', /got none/],
        ['missing-picture', 'trainannot/c.png', /got none/],
        [
          'split-unreadable',
          'val',
          /valannot: expected a folder, got none of that name; .* holds train, trainannot, val$/,
        ],
      ],
    },
    {
      name: 'what is wrong with a list, line by line, and what it does not name',
      files: { 'train.txt': 'a\ntrain/a.png trainannot/b.png\nz\na\n\nc\n', 'val.txt': '\n' },
      expected: [
        ['list-line', 'train.txt:2', /expected a picture and a label of one stem, got a and b/],
        [
          'listed-absent',
          'train.txt:3',
          /expected a picture of the stem z in .*train, got nothing/,
        ],
        ['listed-twice', 'train.txt:4', /expected each scene once, got a again/],
        ['unlisted', 'train/b.png', /expected only files that .*train\.txt lists, got one more/],
        ['unlisted', 'trainannot/b.png', /got one more/],
        ['empty', 'val.txt', /expected scenes, got an empty list/],
        ['unlisted', 'val/d.png', /got one more/],
        ['unlisted', 'val/e.png', /got one more/],
        ['unlisted', 'valannot/d.png', /got one more/],
        ['unlisted', 'valannot/e.png', /got one more/],
      ],
    },
    {
      name: 'files that cannot be read',
      files: {
        'train/a.png': noise(0).subarray(0, 900),
        'train/b.png': 'a text',
        'trainannot/b.png': '',
        'trainannot/c.png': encodeFlat(SIDE, SIDE, [1, 2, 3]),
        'valannot/e.png': labelOf(() => 1).subarray(0, 60),
      },
      expected: [
        ['picture-unreadable', 'train/a.png', /expected a whole PNG picture, got a broken one/],
        ['picture-unreadable', 'train/b.png', /got text/],
        ['label-unreadable', 'trainannot/b.png', /got no bytes at all/],
        ['label-unreadable', 'trainannot/c.png', /expected one channel of class numbers, got RGB/],
        ['label-unreadable', 'valannot/e.png', /expected a whole PNG picture, got a broken one/],
      ],
    },
    {
      name: 'a label of another size than its picture',
      files: { 'trainannot/a.png': labelOf((x, y) => (x + y) % 12, 12) },
      expected: [
        [
          'size-mismatch',
          'trainannot/a.png',
          /label of 24×24 like its picture .*a\.png, got 12×24/,
        ],
      ],
    },
    {
      name: 'values that are no class: which, how many, and where',
      files: {
        'trainannot/a.png': labelOf((x, y) =>
          y === 3 && x < 5 ? (x === 4 ? 255 : 12) : (x + y) % 12,
        ),
      },
      expected: [
        [
          'no-class',
          'trainannot/a.png',
          /expected class numbers 0\.\.11, got 12 in 4 pixels from \(0, 3\) on; 255 in 1 pixels from \(4, 3\) on; 5 of 576 pixels are no class$/,
        ],
      ],
    },
    {
      name: 'labels without a labelled pixel and of one class, and pictures of one colour',
      files: {
        'trainannot/a.png': labelOf(() => 11),
        'trainannot/b.png': labelOf(() => 3),
        'train/c.png': encodeFlat(SIDE, SIDE, [9, 9, 9]),
      },
      expected: [
        ['unlabelled-label', 'trainannot/a.png', /expected labelled pixels, got unlabeled alone/],
        ['constant-label', 'trainannot/b.png', /expected several classes, got road alone/],
        ['blank-picture', 'train/c.png', /got one of next to one colour/],
      ],
    },
    {
      name: 'the same pixels within a split, across splits and with other labels',
      files: {
        'train/b.png': noise(0),
        'val/e.png': noise(2),
        'valannot/e.png': labelOf((x, y) => (x + 2 * y) % 12),
      },
      expected: [
        ['duplicate', 'train/a.png', /expected pixels of its own, got those of .*train\/b\.png/],
        ['leak', 'val/e.png', /expected pixels of its own, got those of .*train\/c\.png/],
        [
          'two-labels',
          'train/c.png',
          /expected one label for the same pixels, got another for .*val\/e\.png/,
        ],
      ],
    },
    {
      name: 'nearly the same picture within a split and across splits',
      change: async (dir) => {
        const jpeg = await sharp(path.join(dir, 'train', 'a.png'))
          .jpeg({ quality: 90 })
          .toBuffer();
        await writeTree(dir, { 'train/b.jpg': jpeg, 'val/d.jpg': jpeg });
        await rm(path.join(dir, 'train', 'b.png'));
        await rm(path.join(dir, 'val', 'd.png'));
        // A pixel more or less makes other pixels of it.
        await writeTree(dir, { 'val/d.jpg': await sharp(jpeg).linear(1, 2).jpeg().toBuffer() });
      },
      expected: [
        [
          'near-duplicate',
          'train/a.png',
          /expected pictures that differ, got 2 that hardly do: it and b\.jpg/,
        ],
        [
          'near-leak',
          'val/d.jpg',
          /unlike those of train, got nearly .*train\/[ab]\.\w+ \(\d+ of 256 bits apart\)/,
        ],
      ],
    },
    {
      name: 'pictures of several sizes, and classes that never occur',
      files: {
        'val/d.png': noise(7, 48),
        'valannot/d.png': labelOf((x) => x % 2, 48),
        'valannot/e.png': labelOf((x) => (x % 3 === 2 ? 11 : 0)),
      },
      expected: [
        ['absent-class', 'val', /got none with pole, road, pavement, .*, bicyclist$/],
        [
          'mixed-sizes',
          'val',
          /expected pictures of one size, got 1 of 48×24 and 1 of 24×24 \(.*e\.png\)/,
        ],
      ],
    },
  ];
  for (const { name, files = {}, change, expected } of cases) {
    it(`names ${name}`, () =>
      withCamvid(files, async (dir) => {
        await change?.(dir);
        const { faults } = await check(dir);
        const found = faults.map(({ kind, file }) => [
          kind,
          path.isAbsolute(file) ? path.relative(dir, file) : file,
        ]);
        assert.deepEqual(
          found,
          expected.map(([kind, file]) => [kind, file]),
        );
        faults.forEach(({ message }, i) => assert.match(message, expected[i]![2]));
      }));
  }

  it('names each value that is no class in its fault', () =>
    withCamvid(
      { 'trainannot/a.png': labelOf((x, y) => (x === 2 && y > 20 ? 200 : (x + y) % 12)) },
      async (dir) => {
        const { faults } = await check(dir);
        assert.deepEqual(faults[0]!.values, [{ value: '200', pixels: 3, x: 2, y: 21 }]);
      },
    ));

  it('goes on after every fault: all of them are named', () => {
    const files = Object.fromEntries(
      Array.from({ length: 40 }, (_, i) => [
        [`train/x${i}.png`, 'broken'],
        [`trainannot/x${i}.png`, labelOf(() => 50)],
      ]).flat() as [string, Uint8Array | string][],
    );
    return withCamvid(files, async (dir) => {
      const { faults } = await check(dir);
      const count = (kind: Fault['kind']): number =>
        faults.filter((fault) => fault.kind === kind).length;
      assert.deepEqual(
        [count('picture-unreadable'), count('no-class'), faults.length],
        [40, 40, 80],
      );
    });
  });

  it('checks the splits that it is asked for alone', () =>
    withCamvid({ 'train/a.png': 'broken', 'val/e.png': noise(1) }, async (dir) => {
      const layout = await findLayout({ name: 'camvid', dir });
      assert.deepEqual((await checkDataset(layout, { splits: ['val'] })).faults, []);
    }));

  it('stops between two scenes when it is cancelled', () =>
    withCamvid({}, async (dir) => {
      const controller = new AbortController();
      const done: number[] = [];
      const onProgress = (now: number): void => {
        done.push(now);
        if (now === 2) controller.abort();
      };
      await assert.rejects(check(dir, { onProgress, signal: controller.signal }), {
        code: 'CANCELLED',
      });
      assert.deepEqual(done, [1, 2]);
    }));

  it('compares the pictures of a split whose labels are kept back', () =>
    withTemporaryFolder(async (dir) => {
      const scene = (split: string, city: string): string =>
        `leftImg8bit/${split}/${city}/${city}_0_leftImg8bit.png`;
      const labels = encodeLabel(
        Array.from({ length: SIDE }, (_, y) =>
          Array.from({ length: SIDE }, (_, x) => (x + y) % 34),
        ),
      );
      await writeTree(dir, {
        [scene('train', 'ulm')]: noise(1),
        'gtFine/train/ulm/ulm_0_gtFine_labelIds.png': labels,
        [scene('test', 'bonn')]: noise(1),
      });
      const layout = await findLayout({ name: 'cityscapes', dir });
      const { faults, splits } = await checkDataset(layout, { splits: await layout.findSplits() });
      assert.deepEqual(
        splits.map(({ split, scenes }) => [split, scenes]),
        [
          ['train', 1],
          ['test', 1],
        ],
      );
      assert.deepEqual(
        faults.map(({ kind, split, file }) => [kind, split, path.relative(dir, file)]),
        [['leak', 'test', scene('test', 'bonn')]],
      );
    }));

  it('names colours that are no class in a folder of RGB labels', () =>
    withTemporaryFolder(async (dir) => {
      const colors = [
        [1, 2, 3],
        [4, 5, 6],
        [7, 8, 9],
      ] as const;
      const label = encodePng({
        width: SIDE,
        height: SIDE,
        kind: 'rgb',
        at: (x, y, c) => (y === 5 && x === 1 ? 77 : colors[(x + y) % 2]![c]!),
      });
      await writeTree(dir, {
        'classes.json': JSON.stringify([
          { name: 'road', color: colors[0] },
          { name: 'car', color: colors[1] },
        ]),
        'images/train/a.png': noise(1),
        'labels/train/a.png': label,
      });
      const layout = await findLayout({ name: 'folder', dir });
      const { faults } = await checkDataset(layout, { splits: ['train'] });
      assert.deepEqual(
        faults.map(({ kind }) => kind),
        ['no-class'],
      );
      assert.match(
        faults[0]!.message,
        /expected colours of .*classes\.json, got rgb\(77, 77, 77\) in 1 pixels from \(1, 5\) on/,
      );
    }));

  it('names many copies of a picture in one fault', () =>
    withCamvid({}, async (dir) => {
      for (let i = 0; i < 30; i++) {
        await copyFile(path.join(dir, 'train', 'a.png'), path.join(dir, 'train', `copy${i}.png`));
        await copyFile(
          path.join(dir, 'trainannot', 'a.png'),
          path.join(dir, 'trainannot', `copy${i}.png`),
        );
      }
      const { faults } = await check(dir);
      assert.deepEqual(
        faults.map(({ kind, others }) => [kind, others!.length]),
        [['duplicate', 30]],
      );
    }));
});

async function check(
  dir: string,
  options: Partial<Parameters<typeof checkDataset>[1]> = {},
): Promise<DatasetCheck> {
  const layout = await findLayout({ name: 'camvid', dir });
  return checkDataset(layout, { splits: await layout.findSplits(), ...options });
}

async function withCamvid(
  files: Readonly<Record<string, Uint8Array | string | null>>,
  body: (dir: string) => Promise<void>,
): Promise<void> {
  await withTemporaryFolder(async (dir) => {
    const all = Object.entries<Uint8Array | string | null>({ ...CLEAN, ...files });
    await writeTree(dir, Object.fromEntries(all.map(([name, contents]) => [name, contents ?? ''])));
    for (const [name, contents] of all) if (contents === null) await rm(path.join(dir, name));
    await body(dir);
  });
}

/** A picture unlike that of any other seed. */
function noise(seed: number, width = SIDE): Uint8Array {
  const random = createRandom(11, seed);
  return encodePng({ width, height: SIDE, kind: 'rgb', at: () => Math.floor(256 * random()) });
}

function labelOf(at: (x: number, y: number) => number, width = SIDE): Uint8Array {
  return encodePng({ width, height: SIDE, kind: 'grey', at });
}
