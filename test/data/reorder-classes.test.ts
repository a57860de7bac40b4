import assert from 'node:assert/strict';
import { matchOutputs, reorderClasses } from '../../src/data/reorder-classes.js';
import { CITYSCAPES, classNames, type ClassTable } from '../../src/shared/classes.js';
import { createMemoryDataset } from '../support/memory-dataset.js';

const SIZE = { height: 1, width: 4 };
const TABLE: ClassTable = {
  classes: [
    { name: 'road', color: [1, 1, 1] },
    { name: 'car', color: [2, 2, 2] },
    { name: 'sky', color: [3, 3, 3] },
    { name: 'void', color: [0, 0, 0] },
  ],
  ignoreIndex: 3,
};
const LABEL = [0, 1, 2, 3];
const dataset = createMemoryDataset([LABEL, [3, 3, 1, 0]], { size: SIZE, classTable: TABLE });

describe('reorderClasses', () => {
  it('moves names, colours, the ignored class and the numbers of labels together', async () => {
    const view = reorderClasses(dataset, ['void', 'sky', 'road', 'car']);
    assert.deepEqual(view.classTable, {
      classes: [TABLE.classes[3], TABLE.classes[2], TABLE.classes[0], TABLE.classes[1]],
      ignoreIndex: 0,
    });
    // road 0 → 2, car 1 → 3, sky 2 → 1, void 3 → 0
    assert.deepEqual([...(await view.read(0, SIZE)).label], [2, 3, 1, 0]);
    assert.deepEqual([...(await view.read(1, SIZE)).label], [0, 0, 3, 2]);
    assert.deepEqual([view.length, view.nameOf(1)], [2, 'scene1']);
  });

  it('keeps the pictures, and the labels of the data set itself', async () => {
    const view = reorderClasses(dataset, ['void', 'sky', 'road', 'car']);
    const { image } = await view.read(0, SIZE);
    const own = await dataset.read(0, SIZE);
    assert.deepEqual([image, [...own.label]], [own.image, LABEL]);
  });

  it('turns PyTorch-ENet’s order of Cityscapes into the train ids and back', async () => {
    const names = classNames(CITYSCAPES);
    const unlabeledFirst = ['unlabeled', ...names.slice(0, 19)];
    const all = Array.from({ length: 20 }, (_, k) => k);
    const size = { height: 1, width: 20 };
    const cityscapes = createMemoryDataset([all], { size, classTable: CITYSCAPES });
    const view = reorderClasses(cityscapes, unlabeledFirst);
    // That order is the train id plus one, with the ignored class, here 19, at 0.
    const expected = all.map((k) => (k + 1) % 20);
    assert.deepEqual([...(await view.read(0, size)).label], expected);
    const back = reorderClasses(view, names);
    assert.deepEqual([...(await back.read(0, size)).label], all);
    assert.deepEqual(back.classTable, CITYSCAPES);
  });

  it('gives the data set itself where the order is the same', () =>
    assert.equal(reorderClasses(dataset, classNames(TABLE)), dataset));

  for (const { name, names, message } of [
    {
      name: 'other names',
      names: ['road', 'car', 'tree', 'unlabeled'],
      message:
        'memory train: expected the classes road, car, tree, unlabeled, ' +
        'got 4 without tree, unlabeled and with sky, void besides',
    },
    {
      name: 'fewer',
      names: ['road', 'car', 'void'],
      message: 'memory train: expected the classes road, car, void, got 4 with sky besides',
    },
    {
      name: 'more',
      names: ['road', 'car', 'sky', 'void', 'tree'],
      message: 'memory train: expected the classes road, car, sky, void, tree, got 4 without tree',
    },
  ]) {
    it(`refuses ${name}`, () =>
      assert.throws(() => reorderClasses(dataset, names), { code: 'DATASET_INVALID', message }));
  }
});

describe('matchOutputs', () => {
  it('puts the ignored class last where there is no output for it', async () => {
    const view = matchOutputs(dataset, ['sky', 'road', 'car']);
    assert.deepEqual(classNames(view.classTable), ['sky', 'road', 'car', 'void']);
    assert.equal(view.classTable.ignoreIndex, 3);
    // road 0 → 1, car 1 → 2, sky 2 → 0
    assert.deepEqual([...(await view.read(0, SIZE)).label], [1, 2, 0, 3]);
  });

  it('takes the order of the outputs where there is one', () => {
    const outputs = ['void', 'sky', 'road', 'car'];
    assert.deepEqual(classNames(matchOutputs(dataset, outputs).classTable), outputs);
  });

  it('refuses outputs of other classes', () =>
    assert.throws(() => matchOutputs(dataset, ['sky', 'road']), {
      code: 'DATASET_INVALID',
      message: 'memory train: expected the classes sky, road, void, got 4 with car besides',
    }));
});
