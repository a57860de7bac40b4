import assert from 'node:assert/strict';
import { readFile, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import {
  loadClassWeights,
  type LoadClassWeightsOptions,
  type LoadedClassWeights,
} from '../../src/data/load-class-weights.js';
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
const ENET = [1 / Math.log(1.02 + 3 / 4), 1 / Math.log(1.02 + 1 / 4)];

describe('loadClassWeights', () => {
  it('counts, and puts the ignored class at 0', () =>
    withTemporaryFolder(async (cacheDir) => {
      const { load } = createLoader(cacheDir);
      const { weights, source } = await load({});
      assertAllClose(weights, [ENET[0]!, 0], TOLERANCE.float64Arithmetic);
      assert.equal(source, 'counted');
    }));

  it('keeps the ignored class with withUnlabeled, from the same cache', () =>
    withTemporaryFolder(async (cacheDir) => {
      const { load } = createLoader(cacheDir);
      await load({});
      const { weights, source } = await load({ withUnlabeled: true });
      assertAllClose(weights, ENET, TOLERANCE.float64Arithmetic);
      assert.equal(source, 'cache');
    }));

  it('reads the cache the second time, bit by bit the same, and no scene', () =>
    withTemporaryFolder(async (folder) => {
      const { load, reads } = createLoader(path.join(folder, 'new', 'folder'));
      const first = await load({});
      assert.equal(reads(), 1);
      const second = await load({});
      assert.equal(reads(), 1);
      assert.deepEqual(second, { ...first, source: 'cache' });
    }));

  it('takes the weights that stand in the cache', () =>
    withTemporaryFolder(async (cacheDir) => {
      const { load } = createLoader(cacheDir);
      const { cacheFile } = await load({});
      const text = await readFile(cacheFile!, 'utf8');
      const contents = JSON.parse(text);
      await writeFile(cacheFile!, JSON.stringify({ ...contents, weights: [7, 8] }));
      assert.deepEqual((await load({})).weights, [7, 0]);
    }));

  it('counts anew with reload', () =>
    withTemporaryFolder(async (cacheDir) => {
      const { load, reads } = createLoader(cacheDir);
      await load({});
      assert.equal((await load({ reload: true })).source, 'counted');
      assert.equal(reads(), 2);
    }));

  it('keeps split, size, scheme and data set apart, each in a file of its own', () =>
    withTemporaryFolder(async (cacheDir) => {
      const { load } = createLoader(cacheDir);
      const variants: Partial<LoadClassWeightsOptions>[] = [
        {},
        { scheme: 'mfb' },
        { size: { height: 2, width: 2 } },
        { dataset: createDataset({ split: 'val' }) },
        { dataset: createDataset({ name: 'other' }) },
      ];
      for (const variant of variants) assert.equal((await load(variant)).source, 'counted');
      for (const variant of variants) assert.equal((await load(variant)).source, 'cache');
      assert.deepEqual((await readdir(cacheDir)).sort(), [
        'class-weights-memory-train-2x2-enet.json',
        'class-weights-memory-train-4x1-enet.json',
        'class-weights-memory-train-4x1-mfb.json',
        'class-weights-memory-val-4x1-enet.json',
        'class-weights-other-train-4x1-enet.json',
      ]);
    }));

  it('counts anew where folder, scenes or classes are others', () =>
    withTemporaryFolder(async (cacheDir) => {
      const { load } = createLoader(cacheDir);
      const renamed = { ...TWO, classes: TWO.classes.map((k) => ({ ...k, name: `${k.name}2` })) };
      for (const variant of [
        {},
        { datasetDir: 'a' },
        { datasetDir: 'b' },
        { dataset: createDataset({}, 2) },
        { dataset: createDataset({ classTable: renamed }) },
        { dataset: { ...createDataset({}), nameOf: () => 'renamed' } },
      ]) {
        assert.equal((await load(variant)).source, 'counted');
      }
    }));

  for (const broken of ['', '{"fingerprint": 1}', 'null', '[1, 2']) {
    it(`counts anew where the cache holds ${JSON.stringify(broken)}`, () =>
      withTemporaryFolder(async (cacheDir) => {
        const { load } = createLoader(cacheDir);
        const { weights, cacheFile } = await load({});
        await writeFile(cacheFile!, broken);
        assert.deepEqual(await load({}), { weights, cacheFile, source: 'counted' });
        assert.equal((await load({})).source, 'cache');
      }));
  }

  it('weighs all alike as none, without counting or a cache', () =>
    withTemporaryFolder(async (cacheDir) => {
      const { load, reads } = createLoader(cacheDir);
      const expected = { weights: [1, 0], source: 'constant', cacheFile: null };
      assert.deepEqual(await load({ scheme: 'none' }), expected);
      assert.equal(reads(), 0);
      assert.deepEqual(await readdir(cacheDir), []);
    }));
});

/** Three pixels of class 0 and one of class 1 in each scene. */
function createDataset(
  own: Partial<Parameters<typeof createMemoryDataset>[1]>,
  length = 1,
): ReturnType<typeof createMemoryDataset> {
  const labels = Array.from({ length }, () => [0, 0, 0, 1]);
  return createMemoryDataset(labels, { size: SIZE, classTable: TWO, ...own });
}

function createLoader(cacheDir: string): {
  readonly load: (own: Partial<LoadClassWeightsOptions>) => Promise<LoadedClassWeights>;
  readonly reads: () => number;
} {
  let count = 0;
  const dataset = createDataset({ onRead: () => count++ });
  return {
    load: (own) => loadClassWeights({ dataset, size: SIZE, scheme: 'enet', cacheDir, ...own }),
    reads: () => count,
  };
}
