import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { readFolderClasses, type FolderClasses } from '../../src/data/folder-classes.js';
import { withTemporaryFolder } from '../support/temporary-folder.js';

const ROAD = { name: 'road', color: [128, 64, 128] };
const CAR = { name: 'car', color: [0, 0, 142] };
const VOID = { name: 'Void', color: [9, 9, 9] };

describe('readFolderClasses', () => {
  const cases = [
    {
      name: 'a list, adding what is not labelled in black',
      json: [ROAD, CAR],
      classes: [ROAD, CAR, { name: 'unlabeled', color: [0, 0, 0] }],
      ignoreIndex: 2,
    },
    {
      name: 'black taken: the darkest grey that is free',
      json: [ROAD, { name: 'night', color: [0, 0, 0] }, { name: 'dusk', color: [1, 1, 1] }],
      classes: [
        ROAD,
        { name: 'night', color: [0, 0, 0] },
        { name: 'dusk', color: [1, 1, 1] },
        { name: 'unlabeled', color: [2, 2, 2] },
      ],
      ignoreIndex: 3,
    },
    {
      name: 'a class named void, wherever it stands',
      json: [VOID, ROAD, CAR],
      classes: [VOID, ROAD, CAR],
      ignoreIndex: 0,
    },
    {
      name: 'ignoreIndex before a name',
      json: { classes: [VOID, ROAD, CAR], ignoreIndex: 2 },
      classes: [VOID, ROAD, CAR],
      ignoreIndex: 2,
    },
    {
      name: 'ignoreIndex 255: none of the classes',
      json: { classes: [ROAD, { ...CAR, name: 'unlabeled' }], ignoreIndex: 255 },
      classes: [ROAD, { ...CAR, name: 'unlabeled' }, { name: 'unlabelled', color: [0, 0, 0] }],
      ignoreIndex: 2,
    },
  ];
  for (const { name, json, classes, ignoreIndex } of cases) {
    it(`reads ${name}`, async () => {
      const { classTable, ownCount, labels } = await read(JSON.stringify(json));
      assert.deepEqual(classTable, { classes, ignoreIndex });
      assert.equal(ownCount, Array.isArray(json) ? json.length : json.classes.length);
      assert.equal(labels, undefined);
    });
  }

  it('reads what labels hold, and a file with a byte order mark', async () => {
    const json = (labels: string): string => JSON.stringify({ classes: [ROAD, CAR], labels });
    assert.equal((await read(`\ufeff${json('numbers')}`)).labels, 'number');
    assert.equal((await read(json('colors'))).labels, 'color');
  });

  for (const { name, text, message } of [
    { name: 'no JSON', text: '[{', message: /^expected JSON, got / },
    { name: 'a number', text: '7', message: /expected object/ },
    { name: 'an unknown key', text: { classes: [ROAD, CAR], ignore: 1 }, message: /"ignore"/ },
    {
      name: 'a class without a name',
      text: [ROAD, { color: [1, 1, 1] }],
      message: /^classes\.1\.name: expected the name of a class$/,
    },
    {
      name: 'a colour of text',
      text: [ROAD, { name: 'car', color: '#00008e' }],
      message: /^classes\.1\.color: expected \[red, green, blue\]$/,
    },
    {
      name: 'a colour out of range',
      text: [{ name: 'car', color: [0, 0, 256] }, ROAD],
      message: /^classes\.0\.color\.2: expected 0\.\.255$/,
    },
    {
      name: 'a name twice',
      text: [ROAD, CAR, { ...VOID, name: 'car' }],
      message: /^expected each name once, got car twice$/,
    },
    {
      name: 'a colour twice',
      text: [ROAD, CAR, { ...CAR, name: 'van' }],
      message: /^expected each color once, got 0,0,142 twice$/,
    },
    {
      name: 'two classes that could be ignored',
      text: [ROAD, CAR, VOID, { name: 'unlabeled', color: [0, 0, 0] }],
      message: /^expected one class of unlabeled, unlabelled, void, or ignoreIndex, got 2$/,
    },
    {
      name: 'an ignoreIndex of no class',
      text: { classes: [ROAD, CAR], ignoreIndex: 2 },
      message: /^ignoreIndex: expected 0\.\.1 or 255, got 2$/,
    },
    {
      name: 'a single class that counts, of which any network is right',
      text: [ROAD, VOID],
      message: /^expected at least 2 classes beside what is not labelled, got 1$/,
    },
    {
      name: 'labels of another kind',
      text: { classes: [ROAD, CAR], labels: 'rgb' },
      message: /^labels: expected "numbers" or "colors"$/,
    },
    {
      name: 'more classes than 8 bits hold',
      text: Array.from({ length: 255 }, (_, i) => ({ name: `c${i}`, color: [i, 0, 0] })),
      message: /^classes: expected at most 254 classes$/,
    },
  ]) {
    it(`refuses ${name}`, () =>
      withTemporaryFolder(async (dir) => {
        const file = path.join(dir, 'classes.json');
        await writeFile(file, typeof text === 'string' ? text : JSON.stringify(text));
        await assert.rejects(readFolderClasses(file), (error: Error & { code: string }) => {
          assert.equal(error.code, 'DATASET_INVALID');
          assert.ok(error.message.startsWith(`${file}: `), error.message);
          assert.match(error.message.slice(file.length + 2), message);
          return true;
        });
      }));
  }
});

async function read(text: string): Promise<FolderClasses> {
  let classes: FolderClasses | undefined;
  await withTemporaryFolder(async (dir) => {
    const file = path.join(dir, 'classes.json');
    await writeFile(file, text);
    classes = await readFolderClasses(file);
  });
  return classes!;
}
