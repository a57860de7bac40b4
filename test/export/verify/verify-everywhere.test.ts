import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Size } from '../../../src/data/dataset.js';
import { openSampleDataset } from '../../../src/data/street/sample-dataset.js';
import { RUNTIMES, type Runtime } from '../../../src/export/verify/runtimes.js';
import {
  LEAST_AGREEMENT,
  type RuntimeVerification,
  verifyEverywhere,
} from '../../../src/export/verify/verify-everywhere.js';
import { DEFAULT_MODELS_FOLDER, openModel, openModels } from '../../../src/inference/open-model.js';
import { isSegprobeError } from '../../../src/shared/errors.js';
import { createRandom } from '../../../src/shared/random.js';
import { scratchFolder } from '../../support/scratch-folder.js';
import { tinyAttacker, tinyServingForm, writeTinyVictim } from '../../support/tiny-models.js';

const of = (...providers: Runtime['provider'][]): Runtime[] =>
  RUNTIMES.filter(({ provider }) => providers.includes(provider));

/** Noise: the classes of a tiny victim's pixels are the strongest of their channels. */
const noise = ({ height, width }: Size): Promise<Uint8Array[]> => {
  const random = createRandom(height, width);
  const picture = () =>
    Uint8Array.from({ length: 3 * height * width }, () => Math.floor(256 * random()));
  return Promise.resolve([picture(), picture()]);
};

describe('verifyEverywhere', function () {
  this.timeout(120_000);
  let folder: string;
  let remove: () => Promise<void>;
  before(async () => ({ folder, remove } = await scratchFolder()));
  after(() => remove());

  it('runs a victim and its forms on the CPU and in WebAssembly, and finds them the same', async () => {
    const file = await writeTinyVictim(folder, 'same');
    for (const form of ['serve', 'web']) {
      await writeFile(path.join(folder, `same.${form}.onnx`), tinyServingForm('ArgMax'));
    }
    const told: RuntimeVerification[] = [];
    const rows = await verifyEverywhere([await openModel(file)], {
      pictures: noise,
      runtimes: of('cpu', 'wasm'),
      onRow: (row) => told.push(row),
    });
    assert.deepEqual(told, rows);
    const forms = rows.map(({ provider, form }) => `${provider} ${form}`);
    assert.deepEqual(forms.slice(0, 4), ['cpu onnx', 'cpu serve', 'wasm onnx', 'wasm web']);
    for (const { found, problem, height, width, form } of rows) {
      assert.equal(problem, null);
      assert.deepEqual([height, width], [16, 24]);
      assert.ok(found!.nodes > 0);
      assert.deepEqual(found!.nodesElsewhere, {});
      assert.equal(found!.agreement, 1);
      assert.equal(found!.isSame, true);
      assert.ok(found!.medianMs > 0);
      if (form === 'onnx') assert.ok(found!.largestDifference! <= 1e-6);
      else assert.equal(found!.largestDifference, null);
    }
  });

  it('tells a form that does something else', async () => {
    const file = await writeTinyVictim(folder, 'other');
    await writeFile(path.join(folder, 'other.web.onnx'), tinyServingForm('ArgMin'));
    const rows = await verifyEverywhere([await openModel(file)], {
      pictures: noise,
      runtimes: of('wasm').slice(0, 1),
    });
    assert.deepEqual(
      rows.map(({ form, found }) => [form, found!.isSame]),
      [
        ['onnx', true],
        ['web', false],
      ],
    );
    assert.ok(rows[1]!.found!.agreement < 0.01);
  });

  it('compares the colours of an attacker', async () => {
    const file = path.join(folder, 'attacker.onnx');
    await writeFile(file, tinyAttacker([3.25, -7.25, 0]));
    const rows = await verifyEverywhere([await openModel(file)], {
      pictures: noise,
      runtimes: of('cpu', 'wasm'),
    });
    assert.ok(rows.length >= 2);
    for (const { found } of rows) {
      assert.equal(found!.isSame, true);
      assert.ok(found!.largestDifference! <= 1e-6);
    }
  });

  it('says why a runtime is not there', async function () {
    const file = await writeTinyVictim(folder, 'tiny');
    const [row] = await verifyEverywhere([await openModel(file)], {
      pictures: noise,
      runtimes: of('cuda'),
    });
    if (row!.found !== null) this.skip(); // A machine with CUDA.
    assert.match(row!.problem!, /cuda/i);
    assert.doesNotMatch(row!.problem!, /expected a model/);
  });

  it('ends when it is told to', async () => {
    const file = await writeTinyVictim(folder, 'ended');
    const controller = new AbortController();
    const verified = verifyEverywhere([await openModel(file)], {
      pictures: noise,
      runtimes: of('cpu', 'wasm'),
      signal: controller.signal,
      onRow: () => controller.abort(),
    });
    await assert.rejects(verified, (error) => isSegprobeError(error, 'CANCELLED'));
  });

  it('finds every shipped model the same, and whole, wherever it can run here', async function () {
    if (!process.env['SEGPROBE_SLOW']) this.skip();
    this.timeout(600_000);
    const scenes = openSampleDataset({ split: 'val' });
    const rows = await verifyEverywhere(await openModels(DEFAULT_MODELS_FOLDER), {
      pictures: async (size) => [(await scenes.read(0, size)).image],
      runtimes: of('cpu', 'webgpu', 'wasm'),
    });
    await scenes.close();
    const where = ({ model, form, provider }: RuntimeVerification) =>
      `${model} ${form} ${provider}`;
    for (const row of rows) {
      // The CPU and WebAssembly are everywhere.
      if (row.provider !== 'webgpu') assert.equal(row.problem, null, where(row));
      if (row.found === null) continue;
      assert.deepEqual(row.found.nodesElsewhere, {}, where(row));
      assert.ok(row.found.agreement >= LEAST_AGREEMENT, `${where(row)}: ${row.found.agreement}`);
    }
    if (rows.every(({ provider, found }) => provider !== 'webgpu' || found === null)) {
      process.stdout.write('      (no WebGPU adapter: apt-get install chromium has one)\n');
    }
  });
});
