import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { tritonConfig, writeTritonRepository } from '../../src/export/triton-repository.js';
import { DEFAULT_MODELS_FOLDER, openModels } from '../../src/inference/open-model.js';
import { withTemporaryFolder } from '../support/temporary-folder.js';

describe('writeTritonRepository', () => {
  it('writes victims, their serving forms and attackers, each file as it is', () =>
    withTemporaryFolder(async (folder) => {
      const models = await openModels(DEFAULT_MODELS_FOLDER);
      const repository = path.join(folder, 'models');
      // What was there before is replaced.
      await mkdir(path.join(repository, 'enet-camvid', '7'), { recursive: true });
      const written = await writeTritonRepository(models, repository);
      const names = (await readdir(repository)).sort();
      assert.deepEqual(names, written.map(({ name }) => name).sort());
      assert.deepEqual(
        written.filter(({ name }) => /^(enet-camvid|mal-camvid)(\.|$)/.test(name)),
        [
          ['enet-camvid', 'victim'],
          ['enet-camvid.serve', 'serving form'],
          ['mal-camvid', 'attacker'],
        ].map(([name, form]) => ({ name, form, folder: path.join(repository, name!) })),
      );
      for (const { name } of written) {
        assert.deepEqual((await readdir(path.join(repository, name))).sort(), [
          '1',
          'config.pbtxt',
        ]);
        const copy = await readFile(path.join(repository, name, '1', 'model.onnx'));
        const own = await readFile(path.join(DEFAULT_MODELS_FOLDER, `${name}.onnx`));
        assert.ok(copy.equals(own), name);
      }
    }));

  it('names the folder that cannot be written', () =>
    withTemporaryFolder(async (folder) => {
      const models = await openModels(DEFAULT_MODELS_FOLDER);
      const file = path.join(folder, 'file');
      await writeFile(file, '');
      await assert.rejects(writeTritonRepository(models, file), {
        code: 'FILE_INVALID',
        message: new RegExp(`^${file}/`),
      });
    }));
});

describe('tritonConfig', () => {
  it('says what a serving form takes and gives, the batch left out', () => {
    assert.equal(
      tritonConfig('street.serve', 'serving form', 12),
      [
        'name: "street.serve"',
        'backend: "onnxruntime"',
        'max_batch_size: 8',
        'input [ { name: "image_u8" data_type: TYPE_UINT8 dims: [ -1, -1, 3 ] } ]',
        'output [ { name: "labels" data_type: TYPE_UINT8 dims: [ -1, -1 ] } ]',
        'dynamic_batching { }',
        '',
      ].join('\n'),
    );
    assert.match(
      tritonConfig('v', 'victim', 12),
      /"logits" data_type: TYPE_FP32 dims: \[ 12, -1, -1 \]/,
    );
    assert.match(
      tritonConfig('a', 'attacker', 12),
      /"attacked" data_type: TYPE_FP32 dims: \[ 3, -1, -1 \]/,
    );
  });
});
