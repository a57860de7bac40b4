import assert from 'node:assert/strict';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { openModel, openModels } from '../../src/inference/open-model.js';
import { isSegprobeError } from '../../src/shared/errors.js';
import type { ErrorCode } from '../../src/shared/errors.js';
import { TINY_FACTS, tinyManifest, tinyVictim, writeTinyVictim } from '../support/tiny-models.js';
import { scratchFolder } from '../support/scratch-folder.js';

let folder: string;
let remove: () => Promise<void>;
beforeEach(async () => ({ folder, remove } = await scratchFolder()));
afterEach(() => remove());

async function assertRefused(work: Promise<unknown>, code: ErrorCode, text: RegExp): Promise<void> {
  await assert.rejects(work, (error) => {
    assert.ok(isSegprobeError(error, code), String(error));
    assert.match(error.message, text);
    return true;
  });
}

describe('openModel', () => {
  it('takes name and facts from the manifest', async () => {
    const file = await writeTinyVictim(folder, 'tiny', { facts: { dataset: 'camvid' } });
    const model = await openModel(file);
    assert.equal(model.name, 'tiny');
    assert.equal(model.facts.dataset, 'camvid');
    assert.equal(model.manifest?.license, 'made for a test');
    assert.equal(model.sha256, model.manifest?.file.sha256);
    assert.equal(model.bytes, (await readFile(file)).length);
  });

  it('takes the facts from metadata_props where there is no manifest', async () => {
    const file = await writeTinyVictim(folder, 'tiny');
    await rm(path.join(folder, 'tiny.json'));
    await rename(file, path.join(folder, 'other.onnx'));
    const model = await openModel(path.join(folder, 'other.onnx'));
    assert.deepEqual([model.name, model.manifest], ['other', null]);
    assert.deepEqual(model.facts, TINY_FACTS);
  });

  it('refuses a file with one byte changed', async () => {
    const file = await writeTinyVictim(folder, 'tiny');
    const bytes = await readFile(file);
    bytes[bytes.length >> 1]! ^= 1;
    await writeFile(file, bytes);
    await assertRefused(
      openModel(file),
      'MODEL_INVALID',
      /tiny\.onnx: expected sha256 \w{64} .* got \w{64}$/,
    );
  });

  it('refuses a truncated file, with and without a manifest', async () => {
    const file = await writeTinyVictim(folder, 'tiny');
    const bytes = await readFile(file);
    await writeFile(file, bytes.subarray(0, 200));
    const both = new RegExp(`expected ${bytes.length} bytes .* got 200 \\(truncated\\?\\)`);
    await assertRefused(openModel(file), 'MODEL_INVALID', both);
    await rm(path.join(folder, 'tiny.json'));
    await assertRefused(openModel(file), 'MODEL_INVALID', /expected a whole ONNX file/);
  });

  it('refuses a file that is no ONNX, even if its manifest agrees', async () => {
    const text = Buffer.from('<html>404 not found</html>');
    await writeFile(path.join(folder, 'page.onnx'), text);
    await writeFile(path.join(folder, 'page.json'), JSON.stringify(tinyManifest('page', text)));
    await assertRefused(openModel(path.join(folder, 'page.onnx')), 'MODEL_INVALID', /page\.onnx/);
  });

  it('refuses a manifest that is no JSON or lacks a key, naming the manifest', async () => {
    const file = await writeTinyVictim(folder, 'tiny');
    const manifest = path.join(folder, 'tiny.json');
    await writeFile(manifest, '{"kind": "vic');
    await assertRefused(openModel(file), 'MODEL_INVALID', /tiny\.json: expected JSON/);
    await writeFile(manifest, '{"kind": "victim"}');
    await assertRefused(openModel(file), 'MODEL_INVALID', /tiny\.json: classes: /);
  });

  it('refuses a path with nothing there', async () => {
    await assertRefused(openModel(path.join(folder, 'no.onnx')), 'FILE_NOT_FOUND', /no\.onnx/);
  });
});

describe('openModels', () => {
  it('opens every model by name, and no other form of one', async () => {
    await writeTinyVictim(folder, 'b');
    await writeTinyVictim(folder, 'a');
    await writeFile(path.join(folder, 'a.serve.onnx'), tinyVictim());
    await writeFile(path.join(folder, 'a.web.onnx'), tinyVictim());
    await writeFile(path.join(folder, 'notes.txt'), 'no model');
    assert.deepEqual(
      (await openModels(folder)).map(({ name }) => name),
      ['a', 'b'],
    );
  });

  it('finds the forms of a model beside it, those of another checkpoint left out', async () => {
    await writeTinyVictim(folder, 'a');
    const bytes = tinyVictim();
    const [serve, web] = ['serve', 'web'].map((form) => path.join(folder, `a.${form}.onnx`));
    await writeFile(serve!, bytes);
    await writeFile(web!, bytes);
    const [formed] = await openModels(folder);
    assert.equal(formed!.servingPath, serve);
    assert.deepEqual(formed!.webForm, { path: web, sha256: formed!.sha256, bytes: bytes.length });
    const other = tinyVictim({ facts: { checkpointSha256: '0'.repeat(64) } });
    await writeFile(serve!, other);
    await writeFile(web!, other);
    const [alone] = await openModels(folder);
    assert.equal(alone!.servingPath, null);
    assert.equal(alone!.webForm, null);
  });

  it('refuses a folder without models, or none, and says what makes one', async () => {
    const hint = /expected NAME\.onnx files, got none \(npx segprobe export --name NAME/;
    await assertRefused(openModels(folder), 'MODEL_NOT_FOUND', hint);
    await assertRefused(openModels(path.join(folder, 'nowhere')), 'MODEL_NOT_FOUND', hint);
  });

  it('refuses two models of one name', async () => {
    await writeTinyVictim(folder, 'a');
    const bytes = tinyVictim();
    await writeFile(path.join(folder, 'b.onnx'), bytes);
    await writeFile(path.join(folder, 'b.json'), JSON.stringify(tinyManifest('a', bytes)));
    await assertRefused(openModels(folder), 'MODEL_INVALID', /got "a" as .*a\.onnx/);
  });
});
