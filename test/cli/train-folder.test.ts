import assert from 'node:assert/strict';
import path from 'node:path';
import type { TestResult } from '../../src/cli/test.js';
import { isNativeTensorFlowReady } from '../../src/graph/native/link.js';
import { readCheckpoint } from '../../src/train/checkpoint.js';
import { segprobe } from '../support/cli.js';
import { encodePng } from '../support/pictures.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { writeTree } from '../support/tree.js';

const ROAD = { name: 'road', color: [128, 64, 128] } as const;
const SKY = { name: 'sky', color: [70, 130, 180] } as const;

describe("segprobe train on one's own folder", function () {
  this.timeout(300_000);
  let folder: string;
  let remove: () => Promise<void>;
  before(async function () {
    if (!isNativeTensorFlowReady()) {
      process.stdout.write('    skipped: native TensorFlow is not set up (npm run setup)\n');
      this.skip();
    }
    ({ folder, remove } = await scratchFolder());
  });
  after(() => remove?.());

  it("takes the first picture's size, and tests pictures of others by the classes it learned", async () => {
    const dir = path.join(folder, 'mine');
    const scene = (stem: string, width: number): Record<string, Uint8Array> => ({
      [`images/${stem}.png`]: encodePng({
        width,
        height: 34,
        kind: 'rgb',
        at: (x, y, c) => (9 * y + x + c) % 256,
      }),
      [`labels/${stem}.png`]: encodePng({
        width,
        height: 34,
        kind: 'rgb',
        at: (_x, y, c) => (y < 17 ? SKY : ROAD).color[c]!,
      }),
    });
    await writeTree(dir, {
      'classes.json': JSON.stringify([ROAD, SKY]),
      ...scene('a', 45),
      ...scene('b', 64),
      ...scene('c', 32),
      'train.txt': 'a\nb\n',
      'val.txt': 'c\n',
    });
    const place = ['--save-dir', path.join(folder, 'save'), '--name', 'own'];
    const data = ['--dataset', 'folder', '--dataset-dir', dir];
    const trained = await segprobe(
      'train',
      ...data,
      ...place,
      '--epochs',
      '1',
      '-b',
      '1',
      '--json',
    );
    assert.equal(trained.code, 0, trained.stderr);
    const { state } = await readCheckpoint(path.join(folder, 'save', 'own'));
    // 45 → 48, 34 → 32
    assert.deepEqual([state.config.width, state.config.height], [48, 32]);
    assert.deepEqual(
      state.classes.map(({ name }) => name),
      ['road', 'sky', 'unlabeled'],
    );
    // The same data set with its classes and their colours the other way round.
    await writeTree(dir, { 'classes.json': JSON.stringify([SKY, ROAD]) });
    const tested = await segprobe('test', ...data, ...place, '--json');
    assert.equal(tested.code, 0, tested.stderr);
    const { classes, images } = JSON.parse(tested.stdout) as TestResult;
    assert.equal(images, 1);
    assert.deepEqual(
      classes.map(({ name, pixels }) => [name, pixels]),
      [
        ['road', 48 * 16],
        ['sky', 48 * 16],
        ['unlabeled', 0],
      ],
    );
  });
});
