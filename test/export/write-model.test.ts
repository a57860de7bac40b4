import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { writeModel } from '../../src/export/write-model.js';
import { openModel } from '../../src/inference/open-model.js';
import { type ErrorCode, isSegprobeError } from '../../src/shared/errors.js';
import { mountSmallDisk } from '../support/small-disk.js';
import { withTemporaryFolder } from '../support/temporary-folder.js';
import { tinyManifest, tinyVictim } from '../support/tiny-models.js';

const OLD = tinyVictim();
const NEW = tinyVictim({ facts: { dataset: 'newer' } });
const NEW_FACTS = { dataset: 'newer' };

const writeOld = (folder: string) => writeModel(folder, tinyManifest('tiny', OLD), OLD);
const writeNew = (folder: string) => writeModel(folder, tinyManifest('tiny', NEW, NEW_FACTS), NEW);

async function assertRefused(writing: Promise<string>, code: ErrorCode, text: RegExp) {
  await assert.rejects(writing, (error) => {
    assert.ok(isSegprobeError(error, code), String(error));
    assert.match(error.message, text);
    return true;
  });
}

/** The data set that the model in `folder` names; its file and manifest fit each other. */
async function openedDataset(folder: string): Promise<string> {
  const { facts, manifest } = await openModel(path.join(folder, 'tiny.onnx'));
  assert.equal(manifest?.dataset, facts.dataset);
  return facts.dataset;
}

describe('writeModel', () => {
  it('writes a model that openModel reads, into a folder that it makes, and nothing beside it', () =>
    withTemporaryFolder(async (parent) => {
      const folder = path.join(parent, 'models', 'onnx');
      const file = await writeOld(folder);
      assert.equal(file, path.join(folder, 'tiny.onnx'));
      assert.deepEqual((await readdir(folder)).sort(), ['tiny.json', 'tiny.onnx']);
      assert.deepEqual(new Uint8Array(await readFile(file)), OLD);
      assert.deepEqual((await openModel(file)).manifest, tinyManifest('tiny', OLD));
    }));

  it('takes the place of the model before, and leaves others alone', () =>
    withTemporaryFolder(async (folder) => {
      await writeOld(folder);
      await writeModel(folder, tinyManifest('other', OLD), OLD);
      await writeNew(folder);
      assert.equal(await openedDataset(folder), 'newer');
      assert.deepEqual((await readdir(folder)).sort(), [
        'other.json',
        'other.onnx',
        'tiny.json',
        'tiny.onnx',
      ]);
    }));

  it('refuses a folder that is a file', () =>
    withTemporaryFolder(async (parent) => {
      const folder = path.join(parent, 'models');
      await writeFile(folder, 'mine');
      await assertRefused(writeOld(folder), 'FILE_INVALID', /models: expected a file or folder/);
      await assertRefused(writeOld(path.join(folder, 'onnx')), 'FILE_INVALID', /models\/onnx: /);
      assert.equal(await readFile(folder, 'utf8'), 'mine');
    }));

  it('leaves the old file where the manifest cannot be replaced: no file ever lies beside the manifest of another', () =>
    withTemporaryFolder(async (folder) => {
      const file = await writeOld(folder);
      await rm(path.join(folder, 'tiny.json'));
      await mkdir(path.join(folder, 'tiny.json'));
      await assertRefused(writeNew(folder), 'FILE_INVALID', /tiny\.json: .* got a folder$/);
      assert.deepEqual(new Uint8Array(await readFile(file)), OLD);
      assert.deepEqual((await readdir(folder)).sort(), ['tiny.json', 'tiny.onnx']);
    }));

  it('leaves no manifest where the file cannot be replaced', () =>
    withTemporaryFolder(async (folder) => {
      await mkdir(path.join(folder, 'tiny.onnx'));
      await assertRefused(writeNew(folder), 'FILE_INVALID', /tiny\.onnx: .* got a folder$/);
      assert.deepEqual(await readdir(folder), ['tiny.onnx']);
    }));

  it('keeps the old model on a full disk', async function () {
    const disk = mountSmallDisk(64);
    if (disk === undefined) {
      process.stdout.write('    skipped: a tmpfs cannot be mounted here\n');
      return this.skip();
    }
    try {
      const folder = path.join(disk.folder, 'onnx');
      await writeOld(folder);
      // Neither a file that is too large, nor a manifest that is.
      const large = tinyVictim({ ballast: 1 });
      const verbose = { ...tinyManifest('tiny', NEW, NEW_FACTS), notes: 'x'.repeat(100_000) };
      for (const [write, name] of [
        [() => writeModel(folder, tinyManifest('tiny', large), large), 'onnx'],
        [() => writeModel(folder, verbose, NEW), 'json'],
      ] as const) {
        const text = new RegExp(`tiny\\.${name}: expected room to write`);
        await assertRefused(write(), 'DISK_FULL', text);
        assert.equal(await openedDataset(folder), 'tiny');
        assert.deepEqual((await readdir(folder)).sort(), ['tiny.json', 'tiny.onnx']);
      }
      await writeNew(folder);
      assert.equal(await openedDataset(folder), 'newer');
    } finally {
      disk.remove();
    }
  });
});
