import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openCamvid } from '../../../src/data/camvid.js';
import { drawScene } from '../../../src/data/street/draw-scene.js';
import { sceneSeed } from '../../../src/data/street/scene-seed.js';
import { writeScenes } from '../../../src/data/street/write-scenes.js';

const SIZE = { height: 40, width: 56 };

describe('writeScenes', () => {
  let dir: string;
  beforeEach(async () => (dir = await mkdtemp(path.join(tmpdir(), 'segprobe-scenes-'))));
  afterEach(() => rm(dir, { recursive: true }));

  const write = (force = false) =>
    writeScenes({ dir, lengths: { train: 2, val: 1, test: 0 }, size: SIZE, seed: 3, force });

  it('writes scenes that the CamVid reader reads back, pixel for pixel', async () => {
    await write();
    const dataset = await openCamvid({ dir, split: 'train' });
    assert.equal(dataset.length, 2);
    const scene = await dataset.read(1, SIZE);
    const expected = drawScene(sceneSeed('train', 1, 3), SIZE);
    assert.equal(scene.name, 'sample3-train-000001');
    assert.deepEqual(Buffer.from(scene.image), Buffer.from(expected.image));
    assert.deepEqual(Buffer.from(scene.label), Buffer.from(expected.label));
    assert.equal(
      await readFile(path.join(dir, 'val.txt'), 'utf8'),
      '/SegNet/CamVid/val/sample3-val-000000.png /SegNet/CamVid/valannot/sample3-val-000000.png\n',
    );
    assert.ok(!existsSync(path.join(dir, 'test')));
  });

  it('refuses a folder that is not empty, and takes it when forced', async () => {
    await writeFile(path.join(dir, 'mine.txt'), 'keep');
    await assert.rejects(write(), { code: 'USAGE' });
    await write(true);
    assert.equal(await readFile(path.join(dir, 'mine.txt'), 'utf8'), 'keep');
    assert.ok(existsSync(path.join(dir, 'train.txt')));
  });

  it('names a folder that cannot be made', async () => {
    const file = path.join(dir, 'file');
    await writeFile(file, '');
    await assert.rejects(
      writeScenes({
        dir: path.join(file, 'below'),
        lengths: { train: 1, val: 0, test: 0 },
        size: SIZE,
        seed: 0,
        force: false,
      }),
      { code: 'FILE_INVALID' },
    );
  });
});
