import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { formatVerifications } from '../../src/cli/verify-models.js';
import type { RuntimeVerification } from '../../src/export/verify/verify-everywhere.js';
import { segprobe } from '../support/cli.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { tinyServingForm, writeTinyVictim } from '../support/tiny-models.js';

describe('segprobe export --verify', function () {
  this.timeout(180_000);
  let folder: string;
  let remove: () => Promise<void>;
  before(async () => {
    ({ folder, remove } = await scratchFolder());
    await writeTinyVictim(path.join(folder, 'good'), 'tiny');
    await writeTinyVictim(path.join(folder, 'bad'), 'tiny');
    await writeFile(path.join(folder, 'bad', 'tiny.web.onnx'), tinyServingForm('ArgMin'));
  });
  after(() => remove());

  const verify = (models: string, ...flags: string[]) =>
    segprobe('export', '--verify', '--out', path.join(folder, models), '--limit', '1', ...flags);

  it('prints one JSON object, a row for each runtime and form, and exports nothing', async () => {
    const { code, stdout } = await verify('good', '--json');
    assert.equal(code, 0);
    const { isSame, leastAgreement, rows } = JSON.parse(stdout) as {
      isSame: boolean;
      leastAgreement: number;
      rows: RuntimeVerification[];
    };
    assert.deepEqual([isSame, leastAgreement], [true, 0.9999]);
    const runtimes = rows.map((row) => `${row.package} ${row.provider}`);
    assert.deepEqual(runtimes.slice(0, 4), [
      'onnxruntime-node cpu',
      'onnxruntime-node webgpu',
      'onnxruntime-node cuda',
      'onnxruntime-web wasm',
    ]);
    // What cannot run here says why.
    for (const { found, problem } of rows) assert.equal(found === null, problem !== null);
  });

  it('ends with 1, and marks the row, where a form does something else', async () => {
    const { code, stdout } = await verify('bad', '--name', 'tiny');
    assert.equal(code, 1);
    assert.match(stdout, /tiny\.onnx +onnxruntime-node cpu .* whole \(\d+\) +100\.000 %/);
    assert.match(stdout, /tiny\.web\.onnx +onnxruntime-web wasm \(1 thread\) .* % !/);
  });

  it('refuses a model that is not there, and names those that are', async () => {
    const { code, stderr } = await verify('good', '--name', 'nobody');
    assert.equal(code, 1);
    assert.match(stderr, /expected one of tiny, got "nobody" \(npx segprobe export --name nobody/);
  });
});

describe('formatVerifications', () => {
  const row: RuntimeVerification = {
    ...{ model: 'enet', form: 'onnx', package: 'onnxruntime-node', provider: 'webgpu' },
    ...{ threads: null, device: 'google swiftshader', height: 64, width: 96, problem: null },
    found: {
      ...{ nodes: 20, nodesElsewhere: { Or: 4 }, isSame: false },
      ...{ agreement: 1, largestDifference: 1.23e-6, medianMs: 12.345 },
    },
  };

  it('says how many nodes ran on the provider, and which did not', () => {
    const [titles, cells, note] = formatVerifications([row]).split('\n');
    assert.match(titles!, /^model +runtime +pictures +nodes on it +equal +difference +ms$/);
    assert.match(
      cells!,
      /^enet\.onnx +onnxruntime-node webgpu \(google swiftshader\) +96×64 +16 of 20 +100\.000 % +1\.2e-6 +12\.3$/,
    );
    assert.match(note!, /enet\.onnx on .* 4 Or on the CPU$/);
  });

  it('says once why a runtime is not here', () => {
    const absent = { ...row, device: null, found: null, problem: 'no adapter' };
    const lines = formatVerifications([absent, { ...absent, model: 'other' }]).split('\n');
    assert.equal(lines.length, 4);
    assert.match(lines[1]!, /not here$/);
    assert.equal(lines[3], 'onnxruntime-node webgpu: no adapter');
  });
});
