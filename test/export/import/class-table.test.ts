import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { outputClasses } from '../../../src/export/import/class-table.js';
import { CAMVID, CITYSCAPES, classNames } from '../../../src/shared/classes.js';
import { withTemporaryFolder } from '../../support/temporary-folder.js';

describe('outputClasses', () => {
  it("takes 12 outputs for CamVid's classes, in PyTorch-ENet's order, which is ours", async () => {
    assert.deepEqual(await outputClasses(12, {}), { ...CAMVID, dataset: 'camvid', areNamed: true });
  });

  it('takes 11 for those that are labelled', async () => {
    const { classes, ignoreIndex, dataset } = await outputClasses(11, {});
    assert.deepEqual(classes, CAMVID.classes.slice(0, 11));
    assert.deepEqual([ignoreIndex, dataset], [255, 'camvid']);
  });

  it("takes 20 for Cityscapes' classes, in PyTorch-ENet's order: what is not labelled first", async () => {
    const { classes, ignoreIndex, dataset } = await outputClasses(20, {});
    assert.deepEqual(classNames({ classes }).slice(0, 3), ['unlabeled', 'road', 'sidewalk']);
    assert.deepEqual(classes.slice(1), CITYSCAPES.classes.slice(0, 19));
    assert.deepEqual([ignoreIndex, dataset], [0, 'cityscapes']);
  });

  it('takes 19 for those that are labelled', async () => {
    const { classes, ignoreIndex } = await outputClasses(19, {});
    assert.deepEqual(classes, CITYSCAPES.classes.slice(0, 19));
    assert.equal(ignoreIndex, 255);
  });

  it('knows the sample scenes by their name', async () => {
    assert.deepEqual(await outputClasses(12, { dataset: 'sample' }), {
      ...CAMVID,
      dataset: 'sample',
      areNamed: true,
    });
  });

  it("takes Cityscapes' classes for an attacker without its victim, unless told otherwise", async () => {
    assert.equal((await outputClasses(undefined, {})).classes.length, 20);
    assert.equal((await outputClasses(undefined, { dataset: 'camvid' })).classes.length, 12);
  });

  it('numbers other outputs, each with a colour of its own', async () => {
    const { classes, ignoreIndex, dataset, areNamed } = await outputClasses(171, {});
    assert.deepEqual([classes[0]!.name, classes[170]!.name], ['class 0', 'class 170']);
    // PASCAL VOC's first colours.
    assert.deepEqual(
      classes.slice(0, 4).map(({ color }) => [...color]),
      [
        [0, 0, 0],
        [128, 0, 0],
        [0, 128, 0],
        [128, 128, 0],
      ],
    );
    assert.equal(new Set(classes.map(({ color }) => String(color))).size, 171);
    assert.deepEqual([ignoreIndex, dataset, areNamed], [255, 'folder', false]);
  });

  it('refuses outputs that are not as many as the data set has classes', async () => {
    for (const [count, dataset] of [
      [12, 'cityscapes'],
      [7, 'camvid'],
    ] as const) {
      await assert.rejects(outputClasses(count, { dataset }), {
        code: 'DATASET_INVALID',
        message: `expected the classes of ${dataset}, got ${count} outputs; --classes FILE names the classes of others`,
      });
    }
  });

  const named = (count: number | undefined, names: readonly string[]) =>
    withTemporaryFolder(async (folder) => {
      const classesFile = path.join(folder, 'classes.json');
      const classes = names.map((name, i) => ({ name, color: [i, i, 100] }));
      await writeFile(classesFile, JSON.stringify(classes));
      return outputClasses(count, { classesFile });
    });

  it('takes names from a file, in which one is what is not labelled', async () => {
    const { classes, ignoreIndex, dataset, areNamed } = await named(3, ['void', 'road', 'sky']);
    assert.deepEqual(classNames({ classes }), ['void', 'road', 'sky']);
    assert.deepEqual([ignoreIndex, dataset, areNamed], [0, 'folder', true]);
  });

  it('takes names from a file, in which none is', async () => {
    const { classes, ignoreIndex } = await named(2, ['road', 'sky']);
    assert.deepEqual([classNames({ classes }), ignoreIndex], [['road', 'sky'], 255]);
  });

  it('takes the class that a folder adds where the network has an output for it', async () => {
    const { classes, ignoreIndex } = await named(3, ['road', 'sky']);
    assert.deepEqual([classNames({ classes }), ignoreIndex], [['road', 'sky', 'unlabeled'], 2]);
  });

  it('refuses a file of another number of classes', async () => {
    await assert.rejects(named(5, ['road', 'sky']), {
      code: 'DATASET_INVALID',
      message: /classes\.json: expected 5 classes, as many as the network has outputs, got 2$/,
    });
  });
});
