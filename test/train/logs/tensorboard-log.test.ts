import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import sharp from 'sharp';
import { CAMVID } from '../../../src/shared/classes.js';
import { createTensorBoardLog, isPictureEpoch } from '../../../src/train/logs/tensorboard-log.js';
import {
  type EpochReport,
  joinObservers,
  type PredictionReport,
  type TrainStart,
} from '../../../src/train/train-observer.js';
import { createDrawnDataset } from '../../support/datasets.js';
import { type ReadEvent, readEventsFile } from '../../support/events-reader.js';
import { withTemporaryFolder } from '../../support/temporary-folder.js';
import { readWithTensorBoard, useTensorBoard } from '../../support/tensorboard.js';
import { useNativeTensorFlow } from '../../support/tensorflow.js';
import { createNotes, interruptAt, trainTiny } from '../../support/training.js';

const START: TrainStart = {
  ...{
    folder: '',
    classes: CAMVID.classes,
    ignoreIndex: 11,
    metrics: [],
    bestMiou: null,
    resumed: false,
  },
  ...{ epochs: 4, epoch: 0, step: 0, stepsPerEpoch: 15 },
};
const REPORT: EpochReport = {
  ...{ epoch: 1, step: 15, trainLoss: 2, learningRate: 0.125, seconds: 8, waitSeconds: 0.5 },
  ...{ valMiou: 0.5, valPixelAccuracy: 0.75, valIou: [0.25, null], bestMiou: 0.5 },
  imagesPerSecond: 16,
};

/** Drives a log as a session of a training does: steps, each of a loss of its own number, and epochs that end. */
async function session(
  start: TrainStart,
  { steps, saved = steps }: { steps: number; saved?: number },
): Promise<void> {
  const log = createTensorBoardLog({ pictureEvery: 10 });
  log.onStart!(start);
  const { stepsPerEpoch } = start;
  for (let step = start.step + 1; step <= steps; step++) {
    const [epoch, batch] = [Math.ceil(step / stepsPerEpoch), ((step - 1) % stepsPerEpoch) + 1];
    log.onStep!({ epoch, batch, stepsPerEpoch, loss: step, images: 1 });
    if (batch === stepsPerEpoch) await log.onEpochDone!({ ...REPORT, epoch, step });
  }
  // Killed: what was noted since the last epoch is lost.
  if (saved === steps) await log.onEnd!();
}

/** A scene of 24×16 that is predicted right. */
async function prediction(): Promise<PredictionReport> {
  const size = { height: 16, width: 24 };
  const { image, label, name } = await createDrawnDataset(1).read(0, size);
  const labels = Int32Array.from(label);
  const images = Float32Array.from(image, (value) => value / 255);
  const batch = { names: [name], images, labels, count: 1 };
  return { epoch: 1, batch, labels, firstIndex: 0, totalImages: 1, size };
}

const eventsOf = (folder: string): ReadEvent[] =>
  readdirSync(path.join(folder, 'tensorboard'))
    .sort()
    .flatMap((name) => readEventsFile(path.join(folder, 'tensorboard', name)));

/** Steps and values of a scalar, whatever is to be forgotten. */
const seriesOf = (events: readonly ReadEvent[], tag: string): [number, number][] =>
  events.filter(({ scalars }) => tag in scalars).map(({ step, scalars }) => [step, scalars[tag]!]);

describe('createTensorBoardLog', () => {
  it('writes the mean loss of every ten steps, and the figures of each epoch', () =>
    withTemporaryFolder(async (folder) => {
      await session({ ...START, folder }, { steps: 30 });
      const events = eventsOf(folder);
      // (1 + … + 10) / 10 and so on.
      assert.deepEqual(seriesOf(events, 'train/loss_of_steps'), [
        [10, 5.5],
        [20, 15.5],
        [30, 25.5],
      ]);
      const epochs = events.filter(({ scalars }) => 'train/epoch' in scalars);
      assert.deepEqual(
        epochs.map(({ step, scalars }) => [step, scalars['train/epoch']]),
        [
          [15, 1],
          [30, 2],
        ],
      );
      assert.deepEqual(epochs[0]!.scalars, {
        'train/epoch': 1,
        'train/loss': 2,
        'train/learning_rate': 0.125,
        'val/miou': 0.5,
        'val/pixel_accuracy': 0.75,
        'val_iou/sky': 0.25,
        'speed/images_per_second': 16,
        'speed/seconds_per_epoch': 8,
        'speed/wait_seconds_per_epoch': 0.5,
      });
    }));

  it('begins each session at the step after the checkpoint', () =>
    withTemporaryFolder(async (folder) => {
      await session({ ...START, folder }, { steps: 30, saved: 15 });
      await session({ ...START, folder, epoch: 1, step: 15, resumed: true }, { steps: 45 });
      const starts = eventsOf(folder).filter(({ sessionStatus }) => sessionStatus === 1);
      assert.deepEqual(
        starts.map(({ step }) => step),
        [1, 16],
      );
    }));

  it('has no pictures with pictureEvery 0', () =>
    withTemporaryFolder(async (folder) => {
      for (const pictureEvery of [0, 1]) {
        const log = createTensorBoardLog({ pictureEvery });
        log.onStart!({ ...START, folder });
        log.onPredictions!(await prediction());
        await log.onEpochDone!(REPORT);
        const pictures = eventsOf(folder).flatMap(({ images }) => Object.keys(images));
        assert.equal(pictures.length, pictureEvery);
      }
    }));
});

describe('isPictureEpoch', () => {
  it('holds for the first that is validated, the last, and those past a multiple', () => {
    const found = [];
    let validated = 0;
    for (let epoch = 3; epoch <= 25; epoch += epoch === 24 ? 1 : 3) {
      if (isPictureEpoch(epoch, { epochs: 25, validated, pictureEvery: 10 })) found.push(epoch);
      validated = epoch;
    }
    assert.deepEqual(found, [3, 12, 21, 25]);
  });
});

describe("a training's TensorBoard log", function () {
  this.timeout(120_000);
  useNativeTensorFlow();

  it('holds scenes of val as picture, label and prediction, and each epoch once though it was interrupted', () =>
    withTemporaryFolder(async (save) => {
      const folder = path.join(save, 'tiny');
      const config = { epochs: 3 };
      const val = createDrawnDataset(7, { split: 'val' });
      const log = (): ReturnType<typeof createTensorBoardLog> =>
        createTensorBoardLog({ pictureEvery: 10 });
      const stop = interruptAt({ step: 4 });
      const interrupted = { ...stop, observer: joinObservers(stop.observer, log()) };
      await assert.rejects(trainTiny(folder, { config, val, ...interrupted }), {
        code: 'CANCELLED',
      });
      const notes = createNotes();
      const observer = joinObservers(notes, log());
      await trainTiny(folder, { config, val, existing: 'resume', observer });
      const events = eventsOf(folder);
      const epochs = seriesOf(events, 'train/epoch').map(([, epoch]) => epoch);
      assert.deepEqual(epochs, [1, 2, 3]);
      assert.deepEqual(
        seriesOf(events, 'val/miou').slice(1),
        notes.epochs.map(({ step, valMiou }) => [step, Math.fround(valMiou!)]),
      );
      // The middles of thirds of 7 scenes; 3 steps an epoch.
      const shown = events.filter(({ images }) => Object.keys(images).length > 0);
      assert.deepEqual(
        shown.map(({ step, images }) => [step, Object.keys(images)]),
        [3, 9].map((step) => [
          step,
          [1001, 1003, 1005].map((n) => `val_picture_label_prediction/scene${n}`),
        ]),
      );
      await assertShows(shown[0]!.images['val_picture_label_prediction/scene1003']!.png, val, 3);
    }));
});

describe('TensorBoard', function () {
  this.timeout(120_000);
  useTensorBoard();

  it('shows each step once where a killed session was resumed', () =>
    withTemporaryFolder(async (folder) => {
      await session({ ...START, folder }, { steps: 40, saved: 15 });
      await session({ ...START, folder, epoch: 1, step: 15, resumed: true }, { steps: 60 });
      const { scalars } = readWithTensorBoard(path.join(folder, 'tensorboard'));
      assert.deepEqual(
        scalars['train/epoch'],
        [1, 2, 3, 4].map((epoch) => [15 * epoch, epoch]),
      );
      // The second session began at 16: (16 + … + 20) / 5.
      assert.deepEqual(scalars['train/loss_of_steps']!.slice(0, 3), [
        [10, 5.5],
        [20, 18],
        [30, 25.5],
      ]);
      assert.equal(scalars['train/loss_of_steps']!.length, 6);
    }));

  it('shows pictures', () =>
    withTemporaryFolder(async (folder) => {
      const log = createTensorBoardLog({ pictureEvery: 1 });
      log.onStart!({ ...START, folder });
      log.onPredictions!(await prediction());
      await log.onEpochDone!(REPORT);
      const { images } = readWithTensorBoard(path.join(folder, 'tensorboard'));
      // Three of 24 pixels with 4 between.
      assert.deepEqual(images, { 'val_picture_label_prediction/scene0': [[15, 80, 16]] });
    }));
});

/** A PNG's first third is the scene's picture, its second the label in the classes' colours. */
async function assertShows(
  png: Buffer,
  val: ReturnType<typeof createDrawnDataset>,
  index: number,
): Promise<void> {
  const [height, width] = [32, 32];
  const { image, label } = await val.read(index, { height, width });
  const { data, info } = await sharp(png).raw().toBuffer({ resolveWithObject: true });
  assert.deepEqual([info.width, info.height, info.channels], [3 * 32 + 2 * 4, 32, 3]);
  for (let pixel = 0; pixel < height * width; pixel++) {
    const at = (Math.floor(pixel / width) * info.width + (pixel % width)) * 3;
    assert.deepEqual([...data.subarray(at, at + 3)], [...image.subarray(3 * pixel, 3 * pixel + 3)]);
    const second = at + 3 * (width + 4);
    assert.deepEqual([...data.subarray(second, second + 3)], CAMVID.classes[label[pixel]!]!.color);
  }
}
