import assert from 'node:assert/strict';
import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { decode } from 'fast-png';
import { DEFAULT_MODELS_FOLDER } from '../../src/inference/open-model.js';
import { segprobe } from '../support/cli.js';
import { drawScene, writeDrawnCamvid } from '../support/datasets.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { tinyAttacker } from '../support/tiny-models.js';

const VICTIM = 'enet-camvid';
const SIZE = { height: 360, width: 480 };

describe('segprobe display', function () {
  this.timeout(120_000);
  let folder: string;
  let remove: () => Promise<void>;
  let places: string[];
  before(async () => {
    ({ folder, remove } = await scratchFolder());
    const [models, datasetDir] = [path.join(folder, 'models'), path.join(folder, 'camvid')];
    await mkdir(models);
    for (const file of [`${VICTIM}.onnx`, `${VICTIM}.json`]) {
      await copyFile(path.join(DEFAULT_MODELS_FOLDER, file), path.join(models, file));
    }
    await writeFile(path.join(models, 'redder.onnx'), tinyAttacker([40, 0, 0]));
    await writeDrawnCamvid(datasetDir, { train: 2, val: 3 }, SIZE);
    places = ['--models', models, '--dataset-dir', datasetDir];
  });
  after(() => remove());

  it('writes scenes of both splits as the ancestor names them, the grid and the bars', async () => {
    const out = path.join(folder, 'results');
    const args = [...places, '--count', '1', '--limit', '2', '--out', out];
    const { code, stdout, stderr } = await segprobe('display', ...args, '--json');
    assert.equal(code, 0, stderr);
    const { images, miouAttacked, files } = JSON.parse(stdout) as {
      images: number;
      miouAttacked: number;
      files: string[];
    };
    assert.equal(images, 2);
    assert.ok(miouAttacked >= 0 && miouAttacked < 1);
    const names = ['train', 'val'].flatMap((split) =>
      ['orig', 'origseg', 'trans', 'transseg'].map((kind) => `${kind}${split}0.png`),
    );
    names.push('plots.svg', 'plots.png', 'iouvclass.svg', 'iouvclass.png');
    assert.deepEqual((await readdir(out)).sort(), [...names].sort());
    assert.deepEqual(
      files.map((file) => path.basename(file)),
      names,
    );
    const read = async (name: string) => decode(await readFile(path.join(out, name)));
    const [before, after] = [await read('origtrain0.png'), await read('transtrain0.png')];
    assert.deepEqual([...before.data], [...drawScene(0, SIZE).image]);
    const redder = before.data.map((value, i) => (i % 3 === 0 ? Math.min(255, value + 40) : value));
    assert.deepEqual([...after.data], [...redder]);
    const labels = await read('origsegval0.png');
    assert.equal(labels.palette?.length, 12);
    assert.ok(labels.data.every((label) => label < 11));
  });

  it('answers to its old name, and tells a person what it wrote', async () => {
    const out = path.join(folder, 'old');
    const args = [...places, '--count', '1', '--limit', '1', '--out', out];
    const { code, stdout, stderr } = await segprobe('dis', ...args);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /mIoU +[\d.]+ % +[\d.]+ %\n/);
    assert.match(stdout, /\n12 files in .*old\n$/);
  });

  it('says which attackers there are', async () => {
    const { code, stderr } = await segprobe('display', ...places, '--attacker', 'nobody');
    assert.equal(code, 1);
    assert.match(stderr, /name of an attacker \(redder\), got "nobody" \[MODEL_NOT_FOUND\]/);
  });
});
