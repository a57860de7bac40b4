import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { isNativeTensorFlowReady } from '../../src/graph/native/link.js';
import type { FaultReport } from '../../src/report/fault-report/fault-report.js';
import { segprobe } from '../support/cli.js';
import { writeDrawnCamvid } from '../support/datasets.js';
import { scratchFolder } from '../support/scratch-folder.js';

describe('segprobe report --folds', function () {
  this.timeout(240_000);
  let folder: string;
  let remove: () => Promise<void>;
  let places: string[];
  before(async function () {
    if (!isNativeTensorFlowReady()) {
      process.stdout.write('    skipped: native TensorFlow is not set up (npm run setup)\n');
      this.skip();
    }
    ({ folder, remove } = await scratchFolder());
    const dataset = ['--dataset-dir', path.join(folder, 'camvid')];
    await writeDrawnCamvid(dataset[1]!, { train: 5, val: 1 }, { height: 32, width: 32 });
    const [save, models] = [path.join(folder, 'save'), path.join(folder, 'models')];
    for (const args of [
      [
        'train',
        ...dataset,
        '--height',
        '32',
        '--width',
        '32',
        '-b',
        '2',
        '--weighing',
        'none',
      ].concat(...['--epochs', '1', '--name', 'tiny', '--save-dir', save]),
      ['export', '--name', 'tiny', '--save-dir', save, '--out', models],
    ]) {
      const { code, stderr } = await segprobe(...args);
      assert.equal(code, 0, stderr);
    }
    places = [...dataset, '--models', models, '--victim', 'tiny', '--save-dir', save];
  });
  after(() => remove?.());

  it('judges every scene of train by a victim that was trained without it, and goes on where it was', async () => {
    const out = path.join(folder, 'report');
    const flags = ['report', ...places, '--folds', '2', '--no-check', '--out', out, '--json'];
    const first = await segprobe(...flags);
    assert.equal(first.code, 0, first.stderr);
    const report = JSON.parse(first.stdout) as FaultReport;
    assert.deepEqual(report.folds, [
      { victim: 'fold-1-of-2', images: 3 },
      { victim: 'fold-2-of-2', images: 2 },
    ]);
    assert.equal(report.evaluation.victim, 'tiny, 2 folds');
    assert.deepEqual([report.evaluation.split, report.images.length], ['train', 5]);
    assert.match(first.stderr, /fold-1-of-2: training on 2 scenes, without \S+0 to \S+2;/);
    // Each was trained on the others alone.
    for (const [name, scenes] of [
      ['fold-1-of-2', 2],
      ['fold-2-of-2', 3],
    ] as const) {
      const state = await readFile(path.join(out, 'folds', name, 'state.json'), 'utf8');
      assert.equal((JSON.parse(state) as { scenes: number }).scenes, scenes);
      assert.ok(existsSync(path.join(out, 'folds', `${name}.onnx`)));
    }
    const page = await readFile(path.join(out, 'report.html'), 'utf8');
    assert.match(page, /trained on the other 1 of 2 parts/);

    const again = await segprobe(...flags);
    assert.equal(again.code, 0, again.stderr);
    assert.match(again.stderr, /all 1 epoch done already/);
    const { images } = JSON.parse(again.stdout) as FaultReport;
    assert.deepEqual(images, report.images);

    // The command of a finding shows it again.
    const [suspect] = report.suspects;
    if (suspect === undefined) return;
    assert.match(suspect.command, /--victim fold-\d-of-2 --models \S+folds .* --image/);
  });

  it('refuses what does not go together', async () => {
    const cases = [
      [['--folds', '2', '--attacker', 'mal'], /--attacker: expected --folds or --attacker/],
      [['--folds', '2', '--split', 'val'], /--split: expected train with --folds/],
      [['--folds', '9'], /--folds: expected a number from 2 to that of the scenes, 5/],
    ] as const;
    for (const [more, message] of cases) {
      const { code, stderr } = await segprobe('report', ...places, ...more);
      assert.equal(code, 2, stderr);
      assert.match(stderr, message);
    }
  });
});
