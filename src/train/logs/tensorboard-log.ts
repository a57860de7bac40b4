import path from 'node:path';
import type { EpochReport, TrainObserver, TrainStart } from '../train-observer.js';
import { COLORSPACE_RGB, type SummaryValue } from './event-messages.js';
import { createEventsFile, type EventsFile } from './events-file.js';
import { encodeGrid } from './picture-grid.js';
import { type ShownScene, takeShownScenes } from './shown-scenes.js';

export interface TensorBoardOptions {
  /** Epochs from one set of pictures to the next; 0: none. */
  readonly pictureEvery: number;
}

/** Steps from one loss to the next, which is the mean of those between. */
const LOSS_EVERY = 10;
/** Milliseconds after which what was noted goes to the disk: TensorBoard looks about as often. */
const FLUSH_MS = 30_000;
/** Pixels that picture, label and prediction together are at most wide: the pictures of a whole training stay within megabytes. */
const MAX_WIDTH = 1200;

/**
 * Writes how a training goes for TensorBoard into `tensorboard/` of the checkpoint's folder: losses every ten steps; after each
 * epoch the figures of `metrics.jsonl`; now and then scenes of val (picture, label, prediction). All by steps. When a training is
 * resumed, what was written of steps that no checkpoint holds counts no more.
 *
 * @returns an observer whose methods throw what the file system refuses (`DISK_FULL` …).
 */
export function createTensorBoardLog({ pictureEvery }: TensorBoardOptions): Partial<TrainObserver> {
  let start: TrainStart;
  let file: EventsFile;
  let losses: number[] = [];
  let scenes: ShownScene[] = [];
  let flushedAt = performance.now();
  /** The last epoch that was validated. */
  let validated: number;
  const flush = (): void => {
    file.flush();
    flushedAt = performance.now();
  };
  const hasPictures = (epoch: number): boolean =>
    pictureEvery > 0 && isPictureEpoch(epoch, { ...start, validated, pictureEvery });
  return {
    onStart: (begun) => {
      start = begun;
      file = createEventsFile({
        folder: path.join(start.folder, 'tensorboard'),
        firstStep: start.step + 1,
        resumed: start.resumed,
      });
      [losses, scenes, validated] = [[], [], lastValidated(start.metrics)];
    },
    onStep: ({ epoch, batch, stepsPerEpoch, loss }) => {
      const step = (epoch - 1) * stepsPerEpoch + batch;
      losses.push(loss);
      if (step % LOSS_EVERY === 0) {
        file.add(step, [{ tag: 'train/loss_of_steps', simpleValue: meanOf(losses) }]);
        losses = [];
      }
      if (performance.now() - flushedAt > FLUSH_MS) flush();
    },
    onPredictions: (report) => {
      if (hasPictures(report.epoch)) scenes.push(...takeShownScenes(report, start.classes));
    },
    onEpochDone: async (report) => {
      const pictures = await Promise.all(scenes.map(toPicture));
      file.add(report.step, [...figuresOf(report, start), ...pictures]);
      scenes = [];
      if (report.valMiou !== null) validated = report.epoch;
      flush();
    },
    onEnd: flush,
  };
}

/** The first epoch that is validated, the last, and those that pass a multiple of `pictureEvery`. */
export function isPictureEpoch(
  epoch: number,
  at: { readonly epochs: number; readonly validated: number; readonly pictureEvery: number },
): boolean {
  const { epochs, validated, pictureEvery } = at;
  const passed = Math.floor(epoch / pictureEvery) > Math.floor(validated / pictureEvery);
  return validated === 0 || epoch === epochs || passed;
}

/** An epoch's figures under the names that TensorBoard groups them by. What was not measured has none. */
function figuresOf(report: EpochReport, { classes }: TrainStart): SummaryValue[] {
  const named: [tag: string, value: unknown][] = [
    ['train/epoch', report.epoch],
    ...Object.entries(report)
      .filter(([key]) => !NO_FIGURES.has(key))
      .map(([key, value]): [string, unknown] => [tagOf(key), value]),
    ...report.valIou.map((iou, k): [string, unknown] => [`val_iou/${classes[k]!.name}`, iou]),
  ];
  return named.flatMap(([tag, value]) =>
    typeof value === 'number' ? [{ tag, simpleValue: value }] : [],
  );
}

/** The axis, and what other figures say already. */
const NO_FIGURES: ReadonlySet<string> = new Set<keyof EpochReport>(['epoch', 'step', 'bestMiou']);

const TAGS: Readonly<Record<string, string>> = {
  trainLoss: 'train/loss',
  learningRate: 'train/learning_rate',
  valMiou: 'val/miou',
  valPixelAccuracy: 'val/pixel_accuracy',
  imagesPerSecond: 'speed/images_per_second',
  seconds: 'speed/seconds_per_epoch',
  waitSeconds: 'speed/wait_seconds_per_epoch',
};

/** `psnrDb`, which an attacker measures beside, → `val/psnr_db` */
function tagOf(key: string): string {
  const words = key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return TAGS[key] ?? `val/${words}`;
}

async function toPicture({ name, ...grid }: ShownScene): Promise<SummaryValue> {
  const { png, width, height } = await encodeGrid(grid, MAX_WIDTH);
  const image = { width, height, colorspace: COLORSPACE_RGB, encodedImageString: png } as const;
  return { tag: `val_picture_label_prediction/${name}`, image };
}

/** The last epoch whose line has scores; 0 where none has. */
function lastValidated(metrics: TrainStart['metrics']): number {
  const found = metrics.findLast(({ valMiou }) => typeof valMiou === 'number');
  return Number(found?.['epoch'] ?? 0);
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
