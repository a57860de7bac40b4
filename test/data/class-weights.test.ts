import assert from 'node:assert/strict';
import { readFile, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { loadClassWeights, type LoadClassWeightsOptions } from '../../src/data/class-weights.js';
import type { ClassTable } from '../../src/shared/classes.js';
import { assertAllClose } from '../support/all-close.js';
import { createMemoryDataset } from '../support/memory-dataset.js';
import { TOLERANCE } from '../support/tolerances.js';
import { withTemporaryFolder } from '../support/temporary-folder.js';

const TWO: ClassTable = {
  classes: ['a', 'unlabeled'].map((name) => ({ name, color: [0, 0, 0] })),
  ignoreIndex: 1,
};
const SIZE = { height: 1, width: 4 };
/** Three pixels of class 0 and one of class 1 in each scene. */
const ENET = [1 / Math.log(1.02 + 3 / 4), 1 / Math.log(1.02 + 1 / 4)];

type DatasetOptions = Partial<Parameters<typeof createMemoryDataset>[1]>;
type OwnOptions = Partial<LoadClassWeightsOptions>;

describe('loadClassWeights', () => {
  it('puts the ignored class at 0', () =>
    withLoader(async ({ load }) => {
      assertAllClose(await load({}), [ENET[0]!, 0], TOLERANCE.float64Arithmetic);
    }));

  it('keeps the ignored class with withUnlabeled, from the same cache', () =>
    withLoader(async ({ load, wasCounted }) => {
      await load({});
      assertAllClose(await load({ withUnlabeled: true }), ENET, TOLERANCE.float64Arithmetic);
      assert.equal(await wasCounted({ withUnlabeled: true }), false);
    }));

  it('counts once, and reads the same numbers bit by bit from the cache afterwards', () =>
    withLoader(async ({ load, wasCounted }) => {
      const first = await load({});
      assert.equal(await wasCounted({}), false);
      assert.deepEqual(await load({}), first);
    }));

  it('takes the weights that stand in the cache', () =>
    withLoader(async ({ load, cacheDir }) => {
      await load({});
      const cacheFile = path.join(cacheDir, 'class-weights-memory-train-4x1-enet.json');
      const contents = JSON.parse(await readFile(cacheFile, 'utf8'));
      assert.deepEqual(contents.pixelCounts, [3, 1]);
      await writeFile(cacheFile, JSON.stringify({ ...contents, weights: [7, 8] }));
      assert.deepEqual(await load({}), [7, 0]);
    }));

  it('counts anew with reload', () =>
    withLoader(async ({ load, wasCounted }) => {
      await load({});
      assert.equal(await wasCounted({ reload: true }), true);
    }));

  it('keeps split, size, scheme and data set apart, each in a file of its own', () =>
    withLoader(async ({ wasCounted, cacheDir }) => {
      const variants: OwnOptions[] = [
        {},
        { scheme: 'mfb' },
        { size: { height: 2, width: 2 } },
        { dataset: createDataset({ split: 'val' }) },
        { dataset: createDataset({ name: 'other' }) },
      ];
      for (const variant of variants) assert.equal(await wasCounted(variant), true);
      for (const variant of variants) assert.equal(await wasCounted(variant), false);
      assert.deepEqual((await readdir(cacheDir)).sort(), [
        'class-weights-memory-train-2x2-enet.json',
        'class-weights-memory-train-4x1-enet.json',
        'class-weights-memory-train-4x1-mfb.json',
        'class-weights-memory-val-4x1-enet.json',
        'class-weights-other-train-4x1-enet.json',
      ]);
    }));

  it('counts anew where folder, scenes or classes are others', () =>
    withLoader(async ({ wasCounted }) => {
      const renamed = { ...TWO, classes: TWO.classes.map((k) => ({ ...k, name: `${k.name}2` })) };
      const variants: OwnOptions[] = [
        {},
        { datasetDir: 'a' },
        { datasetDir: 'b' },
        { dataset: createDataset({}, 2) },
        { dataset: createDataset({ classTable: renamed }) },
        { dataset: { ...createDataset({}), nameOf: () => 'renamed' } },
      ];
      for (const variant of variants) assert.equal(await wasCounted(variant), true);
    }));

  for (const broken of ['', '{"fingerprint": 1}', 'null', '[1, 2']) {
    it(`counts anew where the cache holds ${JSON.stringify(broken)}`, () =>
      withLoader(async ({ load, wasCounted, cacheDir }) => {
        const weights = await load({});
        const cacheFile = path.join(cacheDir, 'class-weights-memory-train-4x1-enet.json');
        await writeFile(cacheFile, broken);
        assert.deepEqual(await load({}), weights);
        assert.equal(await wasCounted({}), false);
      }));
  }

  it('weighs all alike as none, without counting or a cache', () =>
    withLoader(async ({ load, wasCounted, cacheDir }) => {
      assert.deepEqual(await load({ scheme: 'none' }), [1, 0]);
      assert.equal(await wasCounted({ scheme: 'none' }), false);
      await assert.rejects(readdir(cacheDir), { code: 'ENOENT' });
    }));

  it('names a cache folder that it cannot make', () =>
    withTemporaryFolder(async (folder) => {
      const file = path.join(folder, 'file');
      await writeFile(file, '');
      const options = { dataset: createDataset({}), size: SIZE, scheme: 'enet' } as const;
      await assert.rejects(loadClassWeights({ ...options, cacheDir: path.join(file, 'cache') }), {
        code: 'FILE_INVALID',
        message: new RegExp(`^${path.join(file, 'cache')}: `),
      });
    }));
});

interface Loader {
  readonly load: (own: OwnOptions) => Promise<number[]>;
  /** Loads, and tells whether any scene was counted for it. */
  readonly wasCounted: (own: OwnOptions) => Promise<boolean>;
  /** Not there until something is cached. */
  readonly cacheDir: string;
}

function createDataset(own: DatasetOptions, length = 1): ReturnType<typeof createMemoryDataset> {
  const labels = Array.from({ length }, () => [0, 0, 0, 1]);
  return createMemoryDataset(labels, { size: SIZE, classTable: TWO, ...own });
}

async function withLoader(body: (loader: Loader) => Promise<void>): Promise<void> {
  await withTemporaryFolder(async (folder) => {
    const cacheDir = path.join(folder, 'new', 'cache');
    const load: Loader['load'] = (own) =>
      loadClassWeights({
        dataset: createDataset({}),
        size: SIZE,
        scheme: 'enet',
        cacheDir,
        ...own,
      });
    const wasCounted: Loader['wasCounted'] = async (own) => {
      let counted = 0;
      await load({ ...own, onProgress: () => counted++ });
      return counted > 0;
    };
    await body({ load, wasCounted, cacheDir });
  });
}
