import assert from 'node:assert/strict';
import path from 'node:path';
import { isNativeTensorFlowReady } from '../../src/graph/native/link.js';
import { readAttackerCheckpoint } from '../../src/train/attacker-checkpoint.js';
import { readCheckpoint } from '../../src/train/checkpoint.js';
import { runMains, segprobe } from '../support/cli.js';
import { writeDrawnCamvid } from '../support/datasets.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { trainTiny } from '../support/training.js';
import { useNativeTensorFlow } from '../support/tensorflow.js';

interface Result {
  readonly best: { readonly miouAttacked: number; readonly linf: number };
}

describe('segprobe train-attacker and harden', function () {
  this.timeout(240_000);
  let folder: string;
  let remove: () => Promise<void>;
  let save: string;
  useNativeTensorFlow();

  before(async function () {
    if (!isNativeTensorFlowReady()) this.skip();
    ({ folder, remove } = await scratchFolder());
    const datasetDir = path.join(folder, 'camvid');
    await writeDrawnCamvid(datasetDir, { train: 4, val: 2 }, { height: 32, width: 32 });
    save = path.join(folder, 'save');
    const config = { dataset: 'camvid', datasetDir, epochs: 1 };
    await trainTiny(path.join(save, 'victim'), { config });
  });
  after(() => remove?.());

  const attacker = (malname: string, ...more: string[]): string[] => [
    ...['train-attacker', '--name', 'victim', '--save-dir', save, '--malname', malname, ...more],
  ];

  it('trains an attacker within its budget, with what the victim was trained with, and says what came of it', async () => {
    const flags = ['--attacker', 'residual', '--epsilon', '4/255', '--epochs', '1', '--json'];
    const { code, stdout, stderr } = await segprobe(...attacker('mal', ...flags));
    assert.equal(code, 0, stderr);
    const { best } = JSON.parse(stdout) as Result;
    assert.ok(best.linf > 0 && best.linf <= 4 / 255 + 1e-6, stdout);
    const { state } = await readAttackerCheckpoint(path.join(save, 'mal'));
    assert.equal(state.best!.miouAttacked, best.miouAttacked);
    const { dataset, height, width, batchSize } = state.config as Record<string, unknown>;
    assert.deepEqual(
      { dataset, height, width, batchSize },
      { dataset: 'camvid', height: 32, width: 32, batchSize: 2 },
    );
  });

  it('hardens the victim against it, and prints both figures before and after', async () => {
    const flags = ['--pretrained', 'victim', '--malname', 'mal', '--epochs', '2', '--json'];
    const args = ['harden', '--name', 'hard', '--save-dir', save, ...flags];
    const { code, stdout, stderr } = await segprobe(...args);
    assert.equal(code, 0, stderr);
    const { before, after } = JSON.parse(stdout) as Record<string, Record<string, number>>;
    const victim = await readCheckpoint(path.join(save, 'victim'));
    assert.equal(before!['miou'], victim.state.best!.miou);
    const { state } = await readCheckpoint(path.join(save, 'hard'));
    assert.equal(after!['miou'], state.best!.miou);
    assert.ok(Math.abs(after!['miouAttacked']! - state.best!.miouAttacked!) < 1e-9);
    assert.deepEqual([state.config.pretrained, state.config.attackers], ['victim', ['mal']]);
  });

  it('refuses what cannot be, before it computes', async () => {
    const refusals: [string[], RegExp][] = [
      [
        attacker('a', '--attacker', 'residual', '--epsilon', '0'),
        /--epsilon: expected a number above 0.*\[USAGE\]/,
      ],
      [
        attacker('a', '--attacker', 'residual', '--epsilon', '8'),
        /--epsilon: expected from 1\/255 to 1 for norm linf.*\[USAGE\]/,
      ],
      [
        attacker('a', '--epsilon', '8/255'),
        /--epsilon: expected none for attacker autoencoder, which has no budget, got .* \[USAGE\]/,
      ],
      [attacker('mal', '--attacker', 'residual'), /\[CHECKPOINT_EXISTS\]/],
      [
        ['train-attacker', '--name', 'nobody', '--save-dir', save, '--malname', 'a'],
        /\[CHECKPOINT_NOT_FOUND\]/,
      ],
      [
        ['train-attacker', '--name', 'mal', '--save-dir', save, '--malname', 'a'],
        /expected a checkpoint of a victim, got one of an attacker \[CHECKPOINT_INVALID\]/,
      ],
      [
        ['harden', '--save-dir', save, '--name', 'h', '--malname', 'mal'],
        /--pretrained: expected the name of the victim, got none \[USAGE\]/,
      ],
      [
        ['harden', '--save-dir', save, '--name', 'h', '--pretrained', 'victim'],
        /--malname: expected the name of the attacker, got none \[USAGE\]/,
      ],
    ];
    const outcomes = await runMains(refusals.map(([args]) => args));
    outcomes.forEach(({ code, stdout, stderr }, i) => {
      assert.match(stderr, refusals[i]![1]);
      assert.equal(stdout, '');
      assert.ok(code === 1 || code === 2, `${code}`);
    });
  });
});
