import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type ExportedVictim, exportVictim } from '../../src/export/export-victim.js';
import { readHashedCheckpoint } from '../../src/export/hashed-checkpoint.js';
import { openModel } from '../../src/inference/open-model.js';
import { CAMVID, classNames } from '../../src/shared/classes.js';
import { type ErrorCode, isSegprobeError } from '../../src/shared/errors.js';
import { fromMetadataProps } from '../../src/shared/manifest.js';
import type { Checkpoint } from '../../src/train/checkpoint.js';
import { checkOnnx, type CheckedModel, useOnnxChecker } from '../support/onnx-checker.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { useNativeTensorFlow } from '../support/tensorflow.js';
import { writeEnetCheckpoint } from './enet-checkpoint.js';

const sha256Of = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

describe('exportVictim', function () {
  this.timeout(120_000);
  useNativeTensorFlow();
  let folder: string;
  let remove: () => Promise<void>;
  let models: string;
  let checkpoint: Checkpoint;
  let exported: ExportedVictim;
  const exportFrom = async (save: string, outDir: string) =>
    exportVictim(await readHashedCheckpoint(save), {
      name: 'street',
      outDir,
      segprobeVersion: '1.2.3',
    });

  before(async () => {
    ({ folder, remove } = await scratchFolder());
    models = path.join(folder, 'models');
    checkpoint = await writeEnetCheckpoint(path.join(folder, 'street'), ({ state }) => {
      state.config.datasetDir = path.join(folder, 'CamVid');
    });
    exported = await exportFrom(path.join(folder, 'street'), models);
  });
  after(() => remove?.());

  it('writes a file and its manifest, which fit each other, and says where', async () => {
    assert.equal(exported.file, path.join(models, 'street.onnx'));
    assert.deepEqual((await readdir(models)).sort(), [
      'street.json',
      'street.onnx',
      'street.serve.onnx',
      'street.web.onnx',
    ]);
    const bytes = await readFile(exported.file);
    assert.deepEqual(exported.manifest.file, {
      name: 'street.onnx',
      sha256: sha256Of(bytes),
      bytes: bytes.length,
    });
    const json = await readFile(path.join(models, 'street.json'), 'utf8');
    assert.deepEqual(JSON.parse(json), exported.manifest);
    assert.deepEqual((await openModel(exported.file)).manifest, exported.manifest);
  });

  it('says how near ONNX Runtime is to TensorFlow', () => {
    assert.ok(exported.verification.logitDifference <= 1e-4);
    assert.ok(exported.verification.labelAgreement >= 0.999);
  });

  it('makes the manifest a card of the model: classes, training, figures, licence', async () => {
    const { state } = checkpoint;
    const { createdAt, license, file, training, ...manifest } = exported.manifest;
    const weights = await readFile(path.join(folder, 'street', 'weights.safetensors'));
    assert.deepEqual(manifest, {
      name: 'street',
      kind: 'victim',
      classes: classNames(CAMVID),
      palette: CAMVID.classes.map(({ color }) => color),
      ignoreIndex: 11,
      dataset: 'camvid',
      inputSize: { height: 360, width: 480 },
      checkpointSha256: sha256Of(weights),
      opset: 17,
      precision: 'float32',
      measured: [
        {
          split: 'val',
          images: 3,
          miou: 0.25,
          pixelAccuracy: 0.5,
          classes: classNames(CAMVID)
            .slice(0, 11)
            .map((name) => ({ name, iou: 0.25 })),
        },
      ],
      knownFailures: [
        ...classNames(CAMVID)
          .slice(0, 11)
          .map((name) => `${name}: IoU 25.0 % on val.`),
        'The epoch was chosen by the figures on val themselves: expect less on other pictures.',
        'CamVid is a few drives around Cambridge, by day and at dusk, through one windscreen: other cameras, places, weather and night were not measured.',
        'Nothing was done against attacks: small changes of the picture that nobody sees can make it fail.',
      ],
      segprobeVersion: '1.2.3',
    });
    const { datasetDir, ...config } = state.config;
    assert.deepEqual(training, { epoch: 2, step: 20, seconds: 75, bestEpoch: 1, config });
    assert.ok(datasetDir !== undefined, 'the place of the data set is left out');
    assert.match(license, /CamVid.*not for commercial use/);
    assert.ok(Math.abs(Date.now() - Date.parse(createdAt)) < 600_000, createdAt);
    assert.ok(file.bytes > 1.4e6);
  });

  describe('its file', () => {
    useOnnxChecker();
    let checked: CheckedModel;
    before(() => {
      checked = checkOnnx(exported.file);
    });

    it('passes onnx.checker, in opset 17', () => {
      assert.deepEqual(checked.opsets, { '': 17 });
      assert.equal(checked.irVersion, 8);
      assert.deepEqual(checked.producer, ['segprobe', '1.2.3']);
      assert.equal(checked.graph, 'street');
    });

    it('takes pictures and gives logits of any number and size', () => {
      const image = { name: 'image', type: 'FLOAT', dims: ['N', 3, 'H', 'W'] };
      assert.deepEqual(checked.inputs, [image]);
      assert.deepEqual(checked.outputs, [{ ...image, name: 'logits', dims: ['N', 12, 'H', 'W'] }]);
    });

    it('says in its metadata what the manifest says', () => {
      assert.deepEqual(Object.keys(checked.metadata).sort(), [
        'segprobe.checkpoint_sha256',
        'segprobe.classes',
        'segprobe.dataset',
        'segprobe.ignore',
        'segprobe.input_size',
        'segprobe.kind',
        'segprobe.palette',
      ]);
      for (const [key, value] of Object.entries(fromMetadataProps(checked.metadata, 'file'))) {
        assert.deepEqual(value, exported.manifest[key], key);
      }
    });

    it('holds the checkpoint’s weights: bit for bit, or with the normalisation after them folded in', () => {
      const numbersOf = (name: string): Float32Array =>
        checkpoint.weights.get(name)!.data as Float32Array;
      const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array =>
        new Uint8Array(buffer, byteOffset, byteLength);
      const last = checked.initializers['transposed_conv.weight']!;
      assert.equal(last.sha256, sha256Of(bytesOf(numbersOf('transposed_conv.weight'))));
      const [layer, norm] = ['regular1_1.ext_conv2.0', 'regular1_1.ext_conv2.1'];
      const [weight, gamma, variance] = [
        numbersOf(`${layer}.weight`),
        numbersOf(`${norm}.weight`),
        numbersOf(`${norm}.running_var`),
      ];
      const folded = weight.map((value, i) => {
        const channel = Math.floor(i / (weight.length / gamma.length));
        return value * (gamma[channel]! / Math.sqrt(variance[channel]! + Math.fround(1e-5)));
      });
      const found = checked.initializers[`${layer}.folded.weight`]!;
      assert.deepEqual([found.type, found.sha256], ['float32', sha256Of(bytesOf(folded))]);
    });

    it('has a name of its own for each node', () => {
      const names = checked.nodes.map(({ name }) => name);
      assert.equal(new Set(names).size, names.length);
    });
  });

  describe('refusing', () => {
    const cases: readonly {
      readonly name: string;
      readonly change: (checkpoint: Checkpoint) => void;
      readonly code: ErrorCode;
      readonly message: RegExp;
    }[] = [
      {
        name: 'weights of another network',
        change: ({ weights }) => weights.delete('regular1_1.ext_conv1.0.weight'),
        code: 'CHECKPOINT_INVALID',
        message:
          /weights\.safetensors: expected regular1_1\.ext_conv1\.0\.weight as F32 .* got none$/,
      },
      {
        name: 'weights that do not fit the classes',
        change: ({ state }) => void state.classes.pop(),
        code: 'CHECKPOINT_INVALID',
        message: /weights\.safetensors: expected transposed_conv\.weight as F32 \[16,11,3,3\]/,
      },
      {
        name: 'weights that are no numbers',
        change: ({ weights }) => (weights.get('transposed_conv.weight')!.data[0] = NaN),
        code: 'CHECKPOINT_INVALID',
        message:
          /weights\.safetensors: expected finite weights, got NaN in transposed_conv\.weight$/,
      },
      {
        name: 'a colour that is none',
        change: ({ state }) => (state.classes[3]!.color[0] = 300),
        code: 'MODEL_INVALID',
        message: /^street\.json: palette\.3\.0: /,
      },
    ];
    for (const [i, { name, change, code, message }] of cases.entries()) {
      it(`writes nothing for ${name}`, async () => {
        const save = path.join(folder, `refused-${i}`);
        await writeEnetCheckpoint(save, change);
        await assert.rejects(exportFrom(save, path.join(folder, 'none')), (error) => {
          assert.ok(isSegprobeError(error, code), String(error));
          assert.match(error.message, message);
          return true;
        });
        assert.deepEqual((await readdir(folder)).includes('none'), false);
      });
    }

    it('leaves the file alone that stands where the folder is to be', async () => {
      const file = path.join(folder, 'mine.txt');
      await writeFile(file, 'mine');
      await assert.rejects(
        exportFrom(path.join(folder, 'street'), file),
        (error) => isSegprobeError(error, 'FILE_INVALID') && error.message.startsWith(file),
      );
      assert.equal(await readFile(file, 'utf8'), 'mine');
    });
  });
});
