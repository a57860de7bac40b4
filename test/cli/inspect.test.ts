import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { ModelBenchmark } from '../../src/inference/examine/bench-model.js';
import type { ModelInspection } from '../../src/inference/examine/inspect-model.js';
import { runMains } from '../support/cli.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { writeTinyVictim } from '../support/tiny-models.js';

describe('segprobe inspect and bench', function () {
  this.timeout(60_000);
  let folder: string;
  let remove: () => Promise<void>;
  before(async () => {
    ({ folder, remove } = await scratchFolder());
    await writeTinyVictim(folder, 'tiny');
    await writeFile(path.join(folder, 'notes.txt'), 'no model');
  });
  after(() => remove());

  it('inspect a model by name or by file, for a person or as JSON', async () => {
    const file = path.join(folder, 'tiny.onnx');
    const [byName, byFile, layers] = await runMains([
      ['inspect', 'tiny', '--models', folder],
      ['inspect', file, '--size', '8x40', '--json'],
      ['inspect', file, '--layers'],
    ]);
    assert.deepEqual([byName!.code, byName!.stderr], [0, '']);
    assert.match(
      byName!.stdout,
      /^tiny\.onnx: victim, \d+ B\n {2}sha256 +[0-9a-f]{64} \(as its manifest says\)\n/,
    );
    assert.match(byName!.stdout, /\n {2}input +image {2}float32 \[N, 3, H, W\]\n/);
    assert.match(byName!.stdout, /\n {2}multiply-adds +3\.456 k for image \[1, 3, 16, 24\]\n/);
    assert.match(byName!.stdout, /\n {2}classes +red {2}green {2}blue\n$/);
    const inspection = JSON.parse(byFile!.stdout) as ModelInspection;
    assert.equal(inspection.run!.multiplyAdds, 8 * 40 * 9);
    assert.match(layers!.stdout, /\nConv_0 +Conv +\[1, 3, 16, 24\] +3\.456 k\n$/);
  });

  it('bench a model, for a person or as JSON', async () => {
    const args = [
      'bench',
      'tiny',
      '--models',
      folder,
      '--threads',
      '1',
      '--batch',
      '1,2',
      '--runs',
      '4',
    ];
    const [shown, json] = await runMains([args, [...args, '--json']]);
    assert.equal(shown!.code, 0, shown!.stderr);
    assert.match(
      shown!.stdout,
      /noise of 24×16, 4 runs each, in turn\n +threads +batch +median ms +p95 ms +least ms +images\/s\n +1 +1 .*\n +1 +2 .*\n/,
    );
    assert.match(
      shown!.stdout,
      /time by operator, 1 thread, batch 1:\n +operator +nodes +ms +share\n +Conv +1 /,
    );
    assert.match(shown!.stdout, /\nno denormal weights\n$/);
    const { timings, height, width } = JSON.parse(json!.stdout) as ModelBenchmark;
    assert.deepEqual([timings.length, height, width], [2, 16, 24]);
  });

  it('refuse what is no model, and wrong usage', async () => {
    const cases = [
      {
        args: ['inspect', path.join(folder, 'notes.txt')],
        code: 1,
        message: /expected an ONNX file, got other bytes \[MODEL_INVALID\]/,
      },
      {
        args: ['bench', 'nobody', '--models', folder],
        code: 1,
        message: /\(tiny\), got "nobody" \[MODEL_NOT_FOUND\]/,
      },
      {
        args: ['inspect', 'tiny', '--models', folder, '--size', '8'],
        code: 2,
        message: /expected HEIGHTxWIDTH, e\.g\. 360x480, got 8/,
      },
      {
        args: ['bench', 'tiny', '--models', folder, '--threads', '1,1'],
        code: 2,
        message: /expected different numbers, got 1,1/,
      },
    ];
    const outcomes = await runMains(cases.map(({ args }) => args));
    cases.forEach(({ args, code, message }, i) => {
      assert.deepEqual([outcomes[i]!.code, outcomes[i]!.stdout], [code, ''], args.join(' '));
      assert.match(outcomes[i]!.stderr, message);
    });
  });
});
