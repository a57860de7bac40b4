import assert from 'node:assert/strict';
import path from 'node:path';
import type { TestResult } from '../../src/cli/test.js';
import { isNativeTensorFlowReady } from '../../src/graph/native/link.js';
import { CAMVID } from '../../src/shared/classes.js';
import { writeAttackerCheckpoint } from '../../src/train/attacker-checkpoint.js';
import { readCheckpoint, writeCheckpoint } from '../../src/train/checkpoint.js';
import { parseTrainConfig } from '../../src/train/config.js';
import { createEnet } from '../../src/train/models/enet.js';
import { createModel } from '../../src/train/models/index.js';
import { initialWeights, unpackWeights } from '../../src/train/packing.js';
import { assertAllClose } from '../support/all-close.js';
import { attackerCheckpoint } from '../support/attacker-checkpoints.js';
import { checkpointAt } from '../support/checkpoints.js';
import { segprobe } from '../support/cli.js';
import { writeDrawnCamvid } from '../support/datasets.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { TOLERANCE } from '../support/tolerances.js';

const SIZE = { height: 32, width: 32 };

describe('segprobe test', function () {
  this.timeout(120_000);
  let folder: string;
  let remove: () => Promise<void>;
  let checkpoint: string[];

  before(async function () {
    if (!isNativeTensorFlowReady()) {
      process.stdout.write('    skipped: native TensorFlow is not set up (npm run setup)\n');
      this.skip();
    }
    ({ folder, remove } = await scratchFolder());
    const datasetDir = path.join(folder, 'camvid');
    await writeDrawnCamvid(datasetDir, { train: 2, val: 5 }, SIZE);
    checkpoint = ['--save-dir', path.join(folder, 'save'), '--name', 'tiny'];
    // Random weights will do; --limit was the training's own.
    const { spec } = createEnet({ classCount: CAMVID.classes.length });
    const { state, optimizer } = checkpointAt(10);
    const config = parseTrainConfig({ datasetDir, ...SIZE, batchSize: 2, limit: 1 });
    await writeCheckpoint(path.join(folder, 'save', 'tiny'), {
      state: { ...state, config },
      weights: unpackWeights(spec, initialWeights(spec, 1)),
      optimizer,
    });
  });
  after(() => remove?.());

  async function result(...args: string[]): Promise<TestResult> {
    const { code, stdout, stderr } = await segprobe('test', ...checkpoint, ...args, '--json');
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^\{.*\}\n$/);
    return JSON.parse(stdout) as TestResult;
  }

  it("measures the checkpoint's data set and prints one JSON object", async () => {
    const { imagesPerSecond, classes, ...rest } = await result();
    const { miou, ancestorMiou, pixelAccuracy, classAccuracy, ...facts } = rest;
    const expected = { images: 5, victim: 'tiny', dataset: 'camvid', split: 'val' };
    assert.deepEqual(facts, expected);
    assert.ok(imagesPerSecond > 0);
    assert.ok(miou! >= 0 && miou! < 0.5 && pixelAccuracy! < 0.9);
    assert.ok(ancestorMiou! >= miou! && ancestorMiou! < 0.5);
    const accuracies = classes.flatMap(({ accuracy }) => accuracy ?? []);
    const sum = accuracies.reduce((total, accuracy) => total + accuracy, 0);
    assertAllClose([classAccuracy!], [sum / accuracies.length], TOLERANCE.float64Arithmetic);
    assert.deepEqual(
      classes.map(({ name }) => name),
      CAMVID.classes.map(({ name }) => name),
    );
    // Two of 32 rows of each scene are unlabelled.
    const pixels = classes.reduce((sum, row) => sum + row.pixels, 0);
    assert.equal(pixels, 5 * 30 * 32);
    assert.equal(classes[CAMVID.ignoreIndex]!.iou, null);
  });

  it('measures the same by batches of another size', async () => {
    const [two, three] = [await result('-b', '2'), await result('-b', '3')];
    assert.deepEqual({ ...two, imagesPerSecond: 0 }, { ...three, imagesPerSecond: 0 });
  });

  it('takes another split, limit, size and folder', async () => {
    const other = path.join(folder, 'other');
    await writeDrawnCamvid(other, { train: 3, val: 1 }, SIZE);
    const size = ['--height', '16', '--width', '24'];
    const found = await result('--dataset-dir', other, '--split', 'train', '--limit', '2', ...size);
    assert.deepEqual([found.split, found.images], ['train', 2]);
    const pixels = found.classes.reduce((sum, row) => sum + row.pixels, 0);
    assert.ok(pixels > 2 * 24 * 12 && pixels <= 2 * 24 * 16, `${pixels} pixels`);
    assert.equal((await result('--dataset', 'camvid', '--limit', '1')).images, 1);
  });

  it('prints a table for people, and says on stderr what computes', async () => {
    const { code, stdout, stderr } = await segprobe('test', ...checkpoint, '--limit', '1');
    assert.equal(code, 0, stderr);
    const lines = stdout.split('\n');
    const share = '(\\d+\\.\\d\\d %|–)';
    assert.match(lines[0]!, /^tiny on camvid val, 1 image, \d+\.\d images\/s$/);
    assert.match(lines[1]!, /^ +IoU +accuracy$/);
    assert.match(lines[2]!, new RegExp(`^  sky +${share} +${share}$`));
    const [mean, pixels, ancestor] = lines.slice(-4);
    assert.match(mean!, new RegExp(`^  mean +${share} +${share}$`));
    assert.match(pixels!, /^pixel accuracy \d+\.\d\d %$/);
    assert.match(ancestor!, /^mIoU by PyTorch-ENet's own measure, .*: \d+\.\d\d %$/);
    assert.match(stderr, /^TensorFlow \S+ on (cpu \(.+\)|cuda); 1 images of 32×32\n$/);
  });

  it('measures the same of a checkpoint whose classes stand in another order', async () => {
    const save = path.join(folder, 'save');
    const { state, weights, optimizer } = await readCheckpoint(path.join(save, 'tiny'));
    const last = 'transposed_conv.weight'; // [16, 12, 3, 3]: outputs are the second axis
    const { shape } = weights.get(last)!;
    const data = weights.get(last)!.data as Float32Array;
    const outputs = shape[1]!;
    const reversed = data.map((_, i) => {
      const [channel, k, tap] = [Math.floor(i / 9 / outputs), Math.floor(i / 9) % outputs, i % 9];
      return data[(channel * outputs + outputs - 1 - k) * 9 + tap]!;
    });
    await writeCheckpoint(path.join(save, 'reversed'), {
      state: {
        ...state,
        classes: state.classes.toReversed(),
        ignoreIndex: outputs - 1 - state.ignoreIndex,
      },
      weights: new Map([...weights, [last, { dtype: 'F32', shape, data: reversed }]]),
      optimizer,
    });
    const [given, found] = [await result(), await result('--name', 'reversed')];
    const { classes, miou, pixelAccuracy } = found;
    assert.deepEqual(classes.toReversed(), given.classes);
    assert.deepEqual(
      [pixelAccuracy, miou!.toFixed(12)],
      [given.pixelAccuracy, given.miou!.toFixed(12)],
    );
    assert.ok(given.classes[0]!.pixels !== found.classes[0]!.pixels);
  });

  it('measures a network without an output for what is not labelled', async () => {
    const { spec } = createEnet({ classCount: 11 });
    const { state, optimizer } = await readCheckpoint(path.join(folder, 'save', 'tiny'));
    await writeCheckpoint(path.join(folder, 'save', 'eleven'), {
      state: { ...state, classes: state.classes.slice(0, 11), ignoreIndex: 255 },
      weights: unpackWeights(spec, initialWeights(spec, 1)),
      optimizer,
    });
    const { classes, images } = await result('--name', 'eleven');
    assert.deepEqual([classes.length, images], [11, 5]);
    const pixels = classes.reduce((sum, row) => sum + row.pixels, 0);
    assert.equal(pixels, 5 * 30 * 32);
  });

  it('refuses a data set of other classes', async () => {
    const [name, place] = ['others', path.join(folder, 'save', 'others')];
    const { state, ...tensors } = await readCheckpoint(path.join(folder, 'save', 'tiny'));
    const classes = state.classes.slice(0, 2);
    await writeCheckpoint(place, { state: { ...state, classes }, ...tensors });
    const { code, stdout, stderr } = await segprobe(
      'test',
      ...checkpoint.slice(0, 2),
      '--name',
      name,
    );
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(
      stderr,
      /camvid val: expected the classes sky, building, unlabeled, got 12 with pole.* besides \[DATASET_INVALID\]/,
    );
  });

  it('refuses an attacker', async () => {
    await writeAttackerCheckpoint(path.join(folder, 'save', 'mal'), attackerCheckpoint());
    const { code, stdout, stderr } = await segprobe(
      'test',
      ...checkpoint.slice(0, 2),
      '--name',
      'mal',
    );
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(
      stderr,
      /mal: expected a checkpoint of a victim, got one of an attacker \[CHECKPOINT_INVALID\]\n$/,
    );
  });

  it('measures a network of another kind', async () => {
    const { state } = await readCheckpoint(path.join(folder, 'save', 'tiny'));
    const { spec } = createModel('enet-2018', { classCount: state.classes.length });
    const weights = unpackWeights(spec, initialWeights(spec, 1));
    await writeCheckpoint(path.join(folder, 'save', 'older'), {
      state: { ...state, config: { ...state.config, model: 'enet-2018' } },
      weights,
      optimizer: weights,
    });
    const { victim, images } = await result('--name', 'older', '--limit', '1');
    assert.deepEqual([victim, images], ['older', 1]);
  });
});
