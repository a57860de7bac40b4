import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { cp, readdir } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { isNativeTensorFlowReady } from '../../src/graph/native/link.js';
import { createRandom } from '../../src/shared/random.js';
import { readCheckpoint } from '../../src/train/checkpoint.js';
import { segprobe, startSegprobe } from '../support/cli.js';
import { writeDrawnCamvid } from '../support/datasets.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { contentsOf } from '../support/training.js';

/** Quick to train: two steps an epoch. */
const SIZE = { height: 32, width: 32 };
const OPTIONS = ['--height', '32', '--width', '32', '-b', '2', '--weighing', 'none'];

describe('segprobe train', function () {
  this.timeout(240_000);
  let folder: string;
  let remove: () => Promise<void>;
  let save: string;

  before(async function () {
    if (!isNativeTensorFlowReady()) {
      process.stdout.write('    skipped: native TensorFlow is not set up (npm run setup)\n');
      this.skip();
    }
    ({ folder, remove } = await scratchFolder());
    await writeDrawnCamvid(path.join(folder, 'camvid'), { train: 4, val: 2 }, SIZE);
    save = path.join(folder, 'save');
  });
  after(() => remove?.());

  const flags = (name: string, ...more: string[]): string[] => [
    ...['train', '--dataset-dir', path.join(folder, 'camvid'), ...OPTIONS],
    ...['--save-dir', save, '--name', name, ...more],
  ];

  it('saves on Ctrl-C and exits 130, refusing a second training of the name while it runs', async () => {
    const training = startSegprobe(
      ...flags('stopped', '--epochs', '1000', '--print-step', '--json'),
    );
    await training.saw(/epoch 2\/1000, step 1\/2: loss \d/);
    for (const how of [[], ['--resume'], ['--overwrite']]) {
      const { code, stderr } = await segprobe(...flags('stopped', ...how));
      assert.equal(code, 1, stderr);
      assert.match(
        stderr,
        /^segprobe: \S+stopped: expected no other training.*\[RUN_IN_PROGRESS\]\n$/,
      );
    }
    training.child.kill('SIGINT');
    const { code, stdout, stderr } = await training.outcome;
    assert.deepEqual([code, stdout], [130, ''], stderr);
    const [, step] =
      /stopped after step (\d+), which is saved; --resume goes on/.exec(stderr) ?? [];
    const { state } = await readCheckpoint(path.join(save, 'stopped'));
    assert.equal(state.step, Number(step));
    assert.deepEqual(await readdir(save), ['stopped']);
    const known =
      /^(TensorFlow .*|1000 epochs of 2 steps;.*|epoch .*|stopping after this step.*|segprobe: stopped .*)$/;
    for (const line of stderr.trim().split('\n')) assert.match(line, known);
  });

  it('is resumed after Ctrl-C as if nothing had happened @slow', async function () {
    if (!process.env['SEGPROBE_SLOW']) this.skip();
    const epochs = ['--epochs', '4'];
    const whole = await segprobe(...flags('whole', ...epochs));
    assert.equal(whole.code, 0, whole.stderr);
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      const training = startSegprobe(...flags(signal, ...epochs, '--print-step'));
      await training.saw(/step 1\/2/);
      training.child.kill(signal);
      assert.equal((await training.outcome).code, 130, signal);
      const args = ['--name', signal, '--save-dir', save];
      const resumed = await segprobe('train', '--resume', ...args, '--json');
      assert.equal(resumed.code, 0, resumed.stderr);
      assert.match(resumed.stderr, /resumed after \d epochs?, \d steps? in all/);
      assert.equal((JSON.parse(resumed.stdout) as { epoch: number }).epoch, 4);
      const [found, expected] = [path.join(save, signal), path.join(save, 'whole')];
      assert.deepEqual(await contentsOf(found), await contentsOf(expected));
    }
  });

  it('has the old checkpoint or the new one when it is killed at any moment, and goes on @slow', async function () {
    if (!process.env['SEGPROBE_SLOW']) this.skip();
    const whole = await segprobe(...flags('unkilled', '--epochs', '60'));
    assert.equal(whole.code, 0, whole.stderr);
    const random = createRandom(3);
    let step = 0;
    for (let kill = 0; kill < 6; kill++) {
      const how = existsSync(path.join(save, 'killed')) ? ['--resume'] : ['--epochs', '60'];
      const training = startSegprobe(...flags('killed', ...how));
      await training.saw(/epoch \d+\/60: loss/);
      // An epoch takes about as long to save as to train.
      await setTimeout(300 * random());
      training.child.kill('SIGKILL');
      assert.equal((await training.outcome).code, null);
      const { state } = await readCheckpoint(path.join(save, 'killed'));
      assert.ok(state.step > step, `step ${state.step} after ${step}`);
      ({ step } = state);
    }
    const args = ['--name', 'killed', '--save-dir', save];
    const last = await segprobe('train', '--resume', ...args);
    assert.equal(last.code, 0, last.stderr);
    const [found, expected] = [path.join(save, 'killed'), path.join(save, 'unkilled')];
    assert.deepEqual(await contentsOf(found), await contentsOf(expected));
    assert.ok((await readdir(save)).every((name) => !name.startsWith('.')));
  });

  it('takes --lr for --learning-rate, and begins with another checkpoint @slow', async function () {
    if (!process.env['SEGPROBE_SLOW']) this.skip();
    const first = await segprobe(...flags('first', '--epochs', '1', '--lr', '1e-3'));
    assert.equal(first.code, 0, first.stderr);
    const second = ['--epochs', '1', '--learning-rate', '2e-3', '--pretrained', 'first'];
    const { code, stderr } = await segprobe(...flags('second', ...second));
    assert.equal(code, 0, stderr);
    const configOf = async (name: string) =>
      (await readCheckpoint(path.join(save, name))).state.config;
    const [one, other] = [await configOf('first'), await configOf('second')];
    assert.deepEqual([one.learningRate, one.pretrained], [1e-3, undefined]);
    assert.deepEqual([other.learningRate, other.pretrained], [2e-3, 'first']);
    const files = await readdir(path.join(save, 'second'));
    assert.ok(files.includes('curve.svg') && files.includes('curve.png'), files.join(', '));
    const missing = await segprobe(...flags('third', '--pretrained', 'none'));
    assert.match(missing.stderr, /none: expected a checkpoint.*\[CHECKPOINT_NOT_FOUND\]/);
  });

  it('refuses to resume with another option, naming its flag', async () => {
    const trained = path.join(save, 'stopped');
    await cp(trained, path.join(save, 'copy'), { recursive: true });
    const args = ['train', '--resume', '--name', 'copy', '--save-dir', save];
    const { code, stdout, stderr } = await segprobe(...args, '--lr', '1e-3');
    assert.deepEqual([code, stdout], [2, '']);
    const message = /^segprobe: --learning-rate: expected 0\.0005 .*, got 0\.001 \[USAGE\]\n$/;
    assert.match(stderr, message);
  });
});

describe('segprobe full', function () {
  this.timeout(120_000);

  it('prints one JSON object of the training and the test', async function () {
    if (!isNativeTensorFlowReady()) {
      process.stdout.write('    skipped: native TensorFlow is not set up (npm run setup)\n');
      this.skip();
    }
    const { folder, remove } = await scratchFolder();
    try {
      await writeDrawnCamvid(folder, { train: 2, val: 1 }, SIZE);
      const places = ['--dataset-dir', folder, '--save-dir', path.join(folder, 'save')];
      const { code, stdout, stderr } = await segprobe(
        ...['full', ...places, ...OPTIONS, '--name', 'tiny', '--epochs', '1', '--json'],
      );
      assert.equal(code, 0, stderr);
      const { train, test } = JSON.parse(stdout) as Record<
        'train' | 'test',
        Record<string, unknown>
      >;
      assert.deepEqual([train['name'], train['epoch'], train['step']], ['tiny', 1, 1]);
      const { victim, dataset, split, images } = test;
      assert.deepEqual([victim, dataset, split, images], ['tiny', 'camvid', 'val', 1]);
      assert.equal(test['miou'], (train['best'] as { miou: number }).miou);
      assert.match(stdout, /^\{.*\}\n$/);
    } finally {
      await remove();
    }
  });
});
