import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { type ExportedAttacker, exportAttacker } from '../../src/export/export-attacker.js';
import { readExportable } from '../../src/export/export-model.js';
import { readHashedAttacker } from '../../src/export/hashed-checkpoint.js';
import { openModel } from '../../src/inference/open-model.js';
import { CITYSCAPES, classNames } from '../../src/shared/classes.js';
import { fromMetadataProps } from '../../src/shared/manifest.js';
import { readModelMetadata } from '../../src/shared/onnx/index.js';
import {
  type AttackerCheckpoint,
  writeAttackerCheckpoint,
} from '../../src/train/attacker-checkpoint.js';
import { attackerCheckpoint } from '../support/attacker-checkpoints.js';
import { checkOnnx, type CheckedModel, useOnnxChecker } from '../support/onnx-checker.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { useNativeTensorFlow } from '../support/tensorflow.js';
import { writeEnetCheckpoint } from './enet-checkpoint.js';

const sha256Of = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const OPTIONS = { name: 'mal', segprobeVersion: '1.2.3' };

describe('exportAttacker', function () {
  this.timeout(60_000);
  useNativeTensorFlow();
  let folder: string;
  let remove: () => Promise<void>;
  let outDir: string;
  let exported: ExportedAttacker;
  const checkpoint = attackerCheckpoint();

  before(async () => {
    ({ folder, remove } = await scratchFolder());
    outDir = path.join(folder, 'models');
    const save = path.join(folder, 'mal');
    const config = { ...checkpoint.state.config, datasetDir: folder };
    await writeAttackerCheckpoint(save, {
      ...checkpoint,
      state: { ...checkpoint.state, config },
    });
    exported = await exportAttacker(await readHashedAttacker(save), { ...OPTIONS, outDir });
  });
  after(() => remove?.());

  it('writes a file and its manifest, which fit each other, and says where', async () => {
    assert.equal(exported.file, path.join(outDir, 'mal.onnx'));
    assert.deepEqual((await readdir(outDir)).sort(), ['mal.json', 'mal.onnx', 'mal.web.onnx']);
    assert.deepEqual((await openModel(exported.file)).manifest, exported.manifest);
  });

  it('gives the pictures of TensorFlow', () => {
    assert.ok(exported.verification.pictureDifference <= 1e-5);
  });

  it('makes the manifest a card of the attacker: whom it was trained against, and how well it does', async () => {
    const { createdAt, license, file, ...manifest } = exported.manifest;
    const weights = await readFile(path.join(folder, 'mal', 'weights.safetensors'));
    assert.deepEqual(manifest, {
      name: 'mal',
      kind: 'attacker',
      classes: classNames(CITYSCAPES),
      palette: CITYSCAPES.classes.map(({ color }) => color),
      ignoreIndex: CITYSCAPES.ignoreIndex,
      dataset: 'cityscapes',
      inputSize: { height: 240, width: 480 },
      checkpointSha256: sha256Of(weights),
      opset: 17,
      precision: 'float32',
      training: {
        epoch: 3,
        step: 30,
        seconds: 60,
        bestEpoch: 3,
        victim: checkpoint.state.victim,
        config: checkpoint.state.config,
      },
      measured: [
        {
          split: 'val',
          images: 500,
          miou: null,
          pixelAccuracy: null,
          classes: [],
          epoch: 3,
          miouAttacked: 0.0625,
        },
      ],
      segprobeVersion: '1.2.3',
    });
    assert.ok(!Number.isNaN(Date.parse(createdAt)));
    assert.match(license, /data set may have terms/);
    assert.equal(file.sha256, sha256Of(await readFile(exported.file)));
  });

  it('says in the file itself what it is', async () => {
    const facts = fromMetadataProps(readModelMetadata(await readFile(exported.file)), 'mal');
    assert.equal(facts.kind, 'attacker');
    assert.equal(facts.checkpointSha256, exported.manifest.checkpointSha256);
  });

  for (const shape of [
    { model: 'residual', epsilon: 8 / 255, norm: 'linf', height: 48, width: 64 },
    { model: 'residual', epsilon: 0.5, norm: 'l2', height: 48, width: 64 },
    { model: 'universal', epsilon: 8 / 255, norm: 'linf', height: 48, width: 64 },
  ] as const) {
    it(`exports ${shape.model} within ${shape.norm}, with the pictures of TensorFlow`, async () => {
      const save = path.join(folder, `${shape.model}-${shape.norm}`);
      const own = attackerCheckpoint(1, shape);
      await writeAttackerCheckpoint(save, own);
      const { verification, manifest } = await exportAttacker(await readHashedAttacker(save), {
        ...OPTIONS,
        outDir: path.join(folder, 'bounded'),
      });
      assert.ok(verification.pictureDifference <= 1e-5);
      assert.deepEqual(manifest.inputSize, { height: 48, width: 64 });
    });
  }

  for (const [what, change, message] of [
    [
      'weights that are no numbers',
      (weights) => (weights.get('encode.bias')!.data[3] = NaN),
      /weights\.safetensors: expected finite weights, got NaN in encode\.bias$/,
    ],
    [
      'weights of another network',
      (weights) => weights.delete('decode.weight'),
      /weights\.safetensors: expected decode\.weight as F32 \[8,3,3,3\], got none$/,
    ],
  ] as const satisfies readonly [
    string,
    (weights: AttackerCheckpoint['weights']) => void,
    RegExp,
  ][]) {
    it(`refuses ${what}, and writes nothing`, async () => {
      const save = path.join(folder, 'bad');
      const bad = attackerCheckpoint();
      change(bad.weights);
      await writeAttackerCheckpoint(save, bad);
      const own = path.join(folder, 'none');
      await assert.rejects(
        exportAttacker(await readHashedAttacker(save), { ...OPTIONS, outDir: own }),
        { code: 'CHECKPOINT_INVALID', message },
      );
      assert.equal(existsSync(own), false);
    });
  }

  describe('checked by onnx.checker', () => {
    useOnnxChecker();
    let checked: CheckedModel;
    before(() => {
      checked = checkOnnx(exported.file);
    });

    it('takes and gives pictures of any number and size', () => {
      const image = { name: 'image', type: 'FLOAT', dims: ['N', 3, 'H', 'W'] };
      assert.deepEqual(checked.inputs, [image]);
      assert.deepEqual(checked.outputs, [{ ...image, name: 'attacked' }]);
      assert.deepEqual(checked.opsets, { '': 17 });
    });

    it('holds the checkpoint’s weights, bit for bit, under their names', () => {
      for (const [name, { data }] of checkpoint.weights) {
        const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
        assert.equal(checked.initializers[name]!.sha256, sha256Of(bytes), name);
      }
    });
  });
});

describe('readExportable', function () {
  this.timeout(60_000);
  useNativeTensorFlow();

  it('takes a checkpoint for what it says it is', async () => {
    const { folder, remove } = await scratchFolder();
    try {
      const [victim, attacker] = [path.join(folder, 'victim'), path.join(folder, 'attacker')];
      await writeEnetCheckpoint(victim);
      await writeAttackerCheckpoint(attacker, attackerCheckpoint());
      for (const [save, kind] of [
        [victim, 'victim'],
        [attacker, 'attacker'],
      ] as const) {
        const exportable = await readExportable(save);
        const { manifest } = await exportable.export({
          ...OPTIONS,
          outDir: path.join(folder, kind),
        });
        assert.equal(manifest.kind, kind);
      }
    } finally {
      await remove();
    }
  });

  it('says that there is none', () =>
    assert.rejects(readExportable('/nowhere/at/all'), { code: 'CHECKPOINT_NOT_FOUND' }));
});
