import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ExportedVictim } from '../../src/export/export-victim.js';
import { isNativeTensorFlowReady } from '../../src/graph/native/link.js';
import { openModel } from '../../src/inference/open-model.js';
import { decodeModel } from '../../src/shared/onnx/index.js';
import { writeAttackerCheckpoint } from '../../src/train/attacker-checkpoint.js';
import { writeEnetCheckpoint } from '../export/enet-checkpoint.js';
import { attackerCheckpoint } from '../support/attacker-checkpoints.js';
import { scratchFolder } from '../support/scratch-folder.js';

const BIN = fileURLToPath(new URL('../../bin/segprobe.js', import.meta.url));

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

describe('segprobe export', function () {
  this.timeout(120_000);
  let folder: string;
  let remove: () => Promise<void>;
  before(async () => {
    ({ folder, remove } = await scratchFolder());
    await writeEnetCheckpoint(path.join(folder, 'save', 'street'));
    const cut = path.join(folder, 'save', 'cut');
    await writeEnetCheckpoint(cut);
    await truncate(path.join(cut, 'weights.safetensors'), 1_000_000);
    await writeFile(path.join(folder, 'file'), 'mine');
  });
  after(() => remove());

  function run(...args: string[]): Promise<Outcome> {
    return new Promise((resolve) => {
      execFile(
        process.execPath,
        [BIN, 'export', ...args],
        { cwd: folder },
        (error, stdout, stderr) =>
          resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
      );
    });
  }

  describe('with native TensorFlow', () => {
    before(function () {
      if (isNativeTensorFlowReady()) return;
      process.stdout.write('    skipped: native TensorFlow is not set up (npm run setup)\n');
      this.skip();
    });

    it('prints one JSON object: the file, its manifest and how near it is to TensorFlow', async () => {
      const { code, stdout, stderr } = await run('--name', 'street', '--out', 'json', '--json');
      assert.deepEqual([code, stderr], [0, '']);
      assert.match(stdout, /^\{.*\}\n$/);
      const { file, manifest, verification } = JSON.parse(stdout) as ExportedVictim;
      assert.equal(file, path.join('json', 'street.onnx'));
      assert.deepEqual((await openModel(path.join(folder, file))).manifest, manifest);
      assert.ok(verification.logitDifference <= 1e-4);
      assert.ok(verification.labelAgreement >= 0.999);
    });

    it('writes the graph as it was recorded with --no-optimize, and no serving form', async () => {
      const { code, stderr } = await run('--name', 'street', '--out', 'plain', '--no-optimize');
      assert.equal(code, 0, stderr);
      const bytes = await readFile(path.join(folder, 'plain', 'street.onnx'));
      const operators = new Set(decodeModel(bytes, 'street').graph.node.map((node) => node.opType));
      assert.ok(operators.has('PRelu') && operators.has('MaxUnpool'));
      for (const form of ['serve', 'web']) {
        assert.ok(!existsSync(path.join(folder, 'plain', `street.${form}.onnx`)), form);
      }
    });

    it('says in two lines what it wrote, by default into models/onnx', async () => {
      const { code, stdout } = await run('--name', 'street');
      assert.equal(code, 0);
      assert.match(
        stdout,
        /^models\/onnx\/street\.onnx: 1\.4\d MB, opset 17\nONNX Runtime beside TensorFlow: logits differ by at most \d\.\de-\d of the largest, \d+\.\d+ % of pixels have the same class\n$/,
      );
      assert.ok(existsSync(path.join(folder, 'models/onnx/street.json')));
    });

    it('exports an attacker, and says how near ONNX Runtime is to TensorFlow', async () => {
      await writeAttackerCheckpoint(path.join(folder, 'save', 'mal'), attackerCheckpoint());
      const { code, stdout } = await run('--name', 'mal', '--out', 'attackers');
      assert.equal(code, 0);
      assert.match(
        stdout,
        /^attackers\/mal\.onnx: \d\.\d kB, opset 17\nONNX Runtime beside TensorFlow: attacked pictures differ by at most \S+ of white\n$/,
      );
      const { facts } = await openModel(path.join(folder, 'attackers', 'mal.onnx'));
      assert.equal(facts.kind, 'attacker');
    });

    it('refuses a folder that is a file', async () => {
      const { code, stdout, stderr } = await run('--name', 'street', '--out', 'file', '--json');
      assert.deepEqual([code, stdout], [1, '']);
      assert.match(stderr, /^segprobe: file: expected .* \[FILE_INVALID\]\n$/);
      assert.equal(await readFile(path.join(folder, 'file'), 'utf8'), 'mine');
    });
  });

  it("writes the weights by PyTorch-ENet's names, for which TensorFlow is not needed", async () => {
    const args = ['--name', 'street', '--format', 'pytorch-names'];
    const { code, stdout } = await run(...args);
    assert.equal(code, 0);
    assert.equal(
      stdout,
      "models/pytorch/street.safetensors: 1.50 MB, 622 tensors by PyTorch-ENet's names\n",
    );
    const { file, tensors } = JSON.parse(
      (await run(...args, '--out', 'names', '--json')).stdout,
    ) as {
      file: string;
      tensors: number;
    };
    assert.deepEqual([file, tensors], [path.join('names', 'street.safetensors'), 622]);
  });

  for (const { name, args, code, message } of [
    {
      name: 'a checkpoint that is not there',
      args: ['--name', 'nobody'],
      code: 1,
      message: /^segprobe: save\/nobody: .* \[CHECKPOINT_NOT_FOUND\]\n$/,
    },
    {
      name: 'a damaged checkpoint',
      args: ['--name', 'cut', '--save-dir', 'save'],
      code: 1,
      message:
        /^segprobe: damaged checkpoint: save\/cut\/weights\.safetensors: .* \[CHECKPOINT_INVALID\]\n$/,
    },
    {
      name: 'a name that is a path, as wrong usage',
      args: ['--name', '../street'],
      code: 2,
      message: /^segprobe: expected the name of a checkpoint, .* \[USAGE\]\n$/,
    },
    {
      name: 'an unknown format, as wrong usage',
      args: ['--format', 'keras'],
      code: 2,
      message: /Allowed choices are onnx, pytorch-names/,
    },
    {
      name: 'an unknown flag, as wrong usage',
      args: ['--opset', '12'],
      code: 2,
      message: /unknown option '--opset'/,
    },
  ]) {
    it(`refuses ${name}`, async () => {
      const outcome = await run(...args, '--out', 'refused');
      assert.deepEqual([outcome.code, outcome.stdout], [code, '']);
      assert.match(outcome.stderr, message);
      assert.equal(existsSync(path.join(folder, 'refused')), false);
    });
  }
});
