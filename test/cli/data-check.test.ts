import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, readFile, symlink } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DataCheckResult } from '../../src/cli/data-check-text.js';
import { segprobe, startSegprobe } from '../support/cli.js';
import { writeDrawnCamvid } from '../support/datasets.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { writeTree } from '../support/tree.js';

const SIZE = { height: 32, width: 32 };
/** Drawn scenes show but four of the classes, and their crosses are much alike. */
const DRAWN = ['--ignore', 'absent-class,near-duplicate,near-leak'];

describe('segprobe data check', function () {
  this.timeout(60_000);
  let folder: string;
  let dir: string;
  let remove: () => Promise<void>;

  before(async () => {
    ({ folder, remove } = await scratchFolder());
    dir = path.join(folder, 'camvid');
    await writeDrawnCamvid(dir, { train: 6, val: 4 }, SIZE);
  });
  after(() => remove());

  const run = (...args: string[]): ReturnType<typeof segprobe> =>
    segprobe('data', 'check', '--dataset-dir', dir, ...args);

  it('exits 0 and says so where there is no fault', async () => {
    const { code, stdout, stderr } = await run(...DRAWN);
    assert.deepEqual([code, stderr], [0, '']);
    assert.match(
      stdout,
      /: 10 scenes, \d+\.\d images\/s\n {2}train: 6 scenes, 32×32 \(6\)\n {2}val: 4 scenes/,
    );
    assert.match(stdout, /\n {2}unlabeled +6\.25 % +6\.25 %\n/); // 2 of 32 rows
    assert.match(stdout, /\nno faults\n$/);
  });

  describe('where there are faults', () => {
    before(() =>
      writeTree(
        dir,
        Object.fromEntries(Array.from({ length: 13 }, (_, i) => [`val/alone${i}.png`, ''])),
      ),
    );

    it('exits 1 and prints the first of each kind, with how many more there are', async () => {
      const { code, stdout } = await run(...DRAWN, '--limit', '3');
      assert.equal(code, 1);
      const lines = stdout.split('\n');
      const at = lines.indexOf('missing-label: pictures without labels (13)');
      assert.match(
        lines[at + 1]!,
        /^ {2}val: .*alone0\.png: expected a label in .*valannot, got none of its stem$/,
      );
      assert.deepEqual(
        [lines[at + 4], lines[at + 5], lines[at + 6]],
        ['  and 10 more', '', '13 faults'],
      );
    });

    it('prints all of them as one JSON object, and writes the same to a file', async () => {
      const out = path.join(folder, 'faults.json');
      const { code, stdout } = await run(...DRAWN, '--json', '--limit', '3', '--out', out);
      assert.equal(code, 1);
      assert.match(stdout, /^\{.*\}\n$/);
      const { faults, counts, splits, ...facts } = JSON.parse(stdout) as DataCheckResult;
      assert.deepEqual([facts.dataset, facts.dir, facts.scenes], ['camvid', dir, 10]);
      assert.ok(facts.imagesPerSecond > 0);
      assert.deepEqual(counts, { 'missing-label': 13 });
      assert.equal(faults.length, 13);
      assert.deepEqual(Object.keys(faults[0]!), ['kind', 'file', 'message', 'split']);
      assert.deepEqual(
        splits.map(({ split, scenes, classes }) => [split, scenes, classes.length]),
        [
          ['train', 6, 12],
          ['val', 4, 12],
        ],
      );
      assert.deepEqual(JSON.parse(await readFile(out, 'utf8')), JSON.parse(stdout));
    });

    it('passes over the kinds and the splits that it is told to', async () => {
      const kinds = `${DRAWN[1]},missing-label`;
      assert.equal((await run('--ignore', kinds)).code, 0);
      assert.equal((await run(...DRAWN, '--split', 'train')).code, 0);
    });
  });

  for (const { args, message } of [
    {
      args: ['--ignore', 'typos'],
      message: /expected kinds of faults \(.*near-leak.*\), got typos/,
    },
    { args: ['--near', '32'], message: /expected a whole number from 0 to 31, got 32/ },
    { args: ['--dataset', 'sample'], message: /Allowed choices are camvid, cityscapes, folder/ },
  ]) {
    it(`exits 2 on ${args.join(' ')}`, async () => {
      const { code, stdout, stderr } = await run(...args);
      assert.deepEqual([code, stdout], [2, '']);
      assert.match(stderr, message);
    });
  }

  it('exits 1 with one line on a folder of another layout', async () => {
    const { code, stderr } = await run('--dataset', 'cityscapes');
    assert.equal(code, 1);
    assert.match(
      stderr,
      /expected the folder leftImg8bit or .*, got train, trainannot, val, valannot \[FILE_NOT_FOUND\]\n$/,
    );
  });

  describe('on CamVid @slow', () => {
    const camvid =
      process.env['SEGPROBE_CAMVID'] ??
      fileURLToPath(new URL('../../../shared/camvid/CamVid', import.meta.url));
    before('finds CamVid', function () {
      if (!process.env['SEGPROBE_SLOW']) this.skip();
      if (existsSync(camvid)) return;
      process.stdout.write(`    skipped: ${camvid} is not there (SEGPROBE_CAMVID)\n`);
      this.skip();
    });

    it('finds that frames of a car that stands are nearly the same, and nothing else', async () => {
      const { code, stdout } = await segprobe('data', 'check', '--dataset-dir', camvid, '--json');
      assert.equal(code, 1);
      const { counts, faults, splits } = JSON.parse(stdout) as DataCheckResult;
      assert.deepEqual(Object.keys(counts), ['near-duplicate']);
      // Pixels of sky and of what is unlabelled as PyTorch-ENet counts them.
      const pixels = splits[0]!.classes.map((one) => one.pixels);
      assert.deepEqual([pixels[0], pixels[11]], [10682767, 2503995]);
      // Frames of val are two apart, those of train thirty: most of val is like another of val.
      const inGroups = (split: string): number =>
        faults.reduce(
          (sum, fault) => sum + (fault.split === split ? 1 + fault.others!.length : 0),
          0,
        );
      assert.deepEqual([inGroups('train'), inGroups('val')], [37, 100]);
    });
  });

  it('stops on Ctrl-C with 130 @slow', async function () {
    if (!process.env['SEGPROBE_SLOW']) this.skip();
    const many = path.join(folder, 'many');
    await Promise.all([
      mkdir(path.join(many, 'val'), { recursive: true }),
      mkdir(path.join(many, 'valannot'), { recursive: true }),
    ]);
    for (const kind of ['val', 'valannot']) {
      const target = path.join(dir, kind, 'scene1000.png');
      for (let i = 0; i < 20_000; i++) await symlink(target, path.join(many, kind, `${i}.png`));
    }
    const running = startSegprobe('data', 'check', '--dataset-dir', many);
    setTimeout(() => running.child.kill('SIGINT'), 4000);
    const { code, stdout, stderr } = await running.outcome;
    assert.deepEqual([code, stdout], [130, '']);
    assert.equal(
      stderr,
      'stopping; Ctrl-C again ends at once\nsegprobe: the check was stopped [CANCELLED]\n',
    );
  });
});
