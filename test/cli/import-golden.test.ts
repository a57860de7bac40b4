import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { openOnnx } from '../../src/export/run-onnx.js';
import { transpose } from '../../src/export/transpose.js';
import { isNativeTensorFlowReady } from '../../src/graph/native/link.js';
import { argmaxOverClasses } from '../../src/shared/argmax.js';
import type { Safetensor } from '../../src/shared/safetensors.js';
import { assertAllClose } from '../support/all-close.js';
import { CAT_COOP, readImage, readPng } from '../support/cat-coop.js';
import { segprobe } from '../support/cli.js';
import { goldenFile, readGolden, useGolden } from '../support/golden.js';
import { scratchFolder } from '../support/scratch-folder.js';

/** From the ancestors' files to numbers on ONNX Runtime, as a person goes: import, test, export. */
describe('segprobe import-pytorch, then export @golden @slow', function () {
  this.timeout(300_000);
  let folder: string;
  let remove: () => Promise<void>;
  const places = (): string[] => ['--save-dir', path.join(folder, 'save')];

  before(async function () {
    if (!process.env['SEGPROBE_SLOW']) this.skip();
    if (!isNativeTensorFlowReady()) {
      process.stdout.write('    skipped: native TensorFlow is not set up (npm run setup)\n');
      this.skip();
    }
    ({ folder, remove } = await scratchFolder());
  });
  after(() => remove?.());

  async function run(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await segprobe(...args, ...places());
    assert.equal(code, 0, stderr);
    return stdout;
  }

  async function exported(name: string, output: string) {
    await run('export', '--name', name, '--out', folder);
    return openOnnx(await readFile(path.join(folder, `${name}.onnx`)), output);
  }

  describe('of PyTorch-ENet', () => {
    useGolden('pytorch-enet');

    it("gives PyTorch's logits", async () => {
      await run('import-pytorch', goldenFile('pytorch-enet', 'enet12_random.pt'), '--name', 'enet');
      const tensors = readGolden('pytorch-enet', 'enet12_eval.safetensors');
      const [input, logits] = ['input_nchw', 'logits_nchw'].map((name) => tensors.get(name)!);
      const [count, , height, width] = input!.shape as [number, number, number, number];
      const model = await exported('enet', 'logits');
      const found = await model.run(toPixels(input!), { count, height, width }, 12);
      await model.release();
      const expected = logits!.data as Float32Array;
      const largest = expected.reduce((max, logit) => Math.max(max, Math.abs(logit)), 0);
      assertAllClose(found, expected, { rtol: 0, atol: 1e-4 * largest }, 'logits');
    });

    it('can be tested, on any data set of its classes', async () => {
      const sample = ['--dataset', 'sample', '--limit', '2', '--height', '96', '--width', '128'];
      const result = JSON.parse(await run('test', '--name', 'enet', ...sample, '--json')) as {
        images: number;
        miou: number;
        classes: unknown[];
      };
      assert.deepEqual([result.images, result.classes.length], [2, 12]);
      assert.ok(result.miou >= 0 && result.miou < 0.3, `its weights are random: ${result.miou}`);
    });
  });

  describe('of the Malicious Autoencoder', () => {
    useGolden('cat-coop');
    const { size, classCount } = CAT_COOP;
    const one = { count: 1, ...size };

    it('attacks as published, and its victim falls for it as published', async () => {
      const printed = await run('import-pytorch', goldenFile('cat-coop', 'mal.pt'), '--json');
      const { checkpoints } = JSON.parse(printed) as { checkpoints: Record<string, unknown>[] };
      assert.deepEqual(
        checkpoints.map(({ name, epoch, step, resumable }) => [name, epoch, step, resumable]),
        [
          ['mal-attacker', 10, 2980, true],
          ['mal-victim', null, 0, false],
        ],
      );
      const attacker = await exported('mal-attacker', 'attacked');
      const victim = await exported('mal-victim', 'logits');
      const attacked = await attacker.run(await readImage('origval0'), one, 3);
      const pixels = transpose(
        { shape: [1, 3, size.height, size.width], values: attacked },
        [0, 2, 3, 1],
      ).values;
      assertAllClose(
        pixels,
        await readImage('transval0'),
        { rtol: 0, atol: 1 / 255 + 1e-6 },
        'attacked',
      );
      const labels = argmaxOverClasses(await victim.run(pixels, one, classCount), classCount);
      const expected = await readPng('victim-eval-attacked-val0', 1);
      const agreeing = expected.filter((label, i) => label === labels[i]).length;
      assert.ok(agreeing / expected.length >= 0.999, `${agreeing} of ${expected.length} agree`);
      await Promise.all([attacker.release(), victim.release()]);
    });
  });
});

function toPixels({ shape, data }: Safetensor): Float32Array {
  return transpose({ shape: [...shape], values: data as Float32Array }, [0, 2, 3, 1]).values;
}
