import { type Command, Option } from 'commander';
import { SPLITS, type Split } from '../data/dataset.js';
import { ancestorMeanIou } from '../shared/confusion-matrix.js';
import { readCheckpoint } from '../train/checkpoint.js';
import { parseTrainConfig } from '../train/config.js';
import { useDevice } from '../train/device.js';
import { batchSizesOf, evaluateVictim } from '../train/evaluate.js';
import { createVictim } from '../train/victim.js';
import { withInterrupt } from './interrupt.js';
import { addWorkersFlag } from './log-flags.js';
import { printJson, printLine, printMessage } from './output.js';
import { formatDuration, startProgress } from './progress.js';
import { formatCount, formatPercent, formatTable } from './scores.js';
import {
  addBatchSizeFlag,
  addCheckpointFlags,
  addSizeFlags,
  checkpointFolder,
  openSplit,
  type TrainingFlags,
} from './training-flags.js';

/** What `segprobe test` finds, as `--json` prints it; names are those of `evaluate --json`. */
export interface TestResult {
  readonly images: number;
  readonly classes: readonly {
    readonly name: string;
    readonly iou: number | null;
    /** Share of the class's labelled pixels predicted as it. */
    readonly accuracy: number | null;
    /** Labelled pixels. */
    readonly pixels: number;
  }[];
  readonly miou: number | null;
  /** As PyTorch-ENet's own metric has it, which forgives labelled pixels predicted as unlabelled. */
  readonly ancestorMiou: number | null;
  readonly pixelAccuracy: number | null;
  /** Mean over the classes that occur in the labels of their accuracy. */
  readonly classAccuracy: number | null;
  readonly imagesPerSecond: number;
  readonly victim: string;
  readonly dataset: string;
  readonly split: Split;
}

/** `segprobe test` */
export function configureTest(command: Command): void {
  addSizeFlags(
    addBatchSizeFlag(addCheckpointFlags(command, "the checkpoint's"), "the checkpoint's"),
    "the checkpoint's",
  );
  addWorkersFlag(command)
    .addOption(splitOption())
    .option('--json', 'print the result as one JSON object')
    .action(async (flags: TrainingFlags & { split: Split }) => {
      const result = await test(flags, flags.split);
      if (flags['json']) printJson(result);
      else printTestResult(result);
    });
}

/** The split to measure on. */
export function splitOption(): Option {
  return new Option('--split <split>', 'which split to measure on').choices(SPLITS).default('val');
}

/** Measures a checkpoint on a split. */
export async function test(flags: TrainingFlags, split: Split): Promise<TestResult> {
  const { state, weights } = await readCheckpoint(checkpointFolder(flags));
  // The data set is the training's unless another is named; so is the rest but for --limit, which was the training's own.
  const isOther = flags.dataset !== undefined && flags.dataset !== state.config.dataset;
  const before = { ...state.config, limit: undefined };
  const given = {
    ...(flags.dataset !== undefined && { dataset: flags.dataset }),
    ...((isOther || flags.datasetDir !== undefined) && { datasetDir: flags.datasetDir }),
    limit: flags.limit,
    ...pick(flags, ['batchSize', 'height', 'width']),
  };
  const { batchSize, height, width, ...config } = parseTrainConfig({ ...before, ...given });
  const dataset = await openSplit(config, split, state);
  const size = { height, width };
  try {
    const total = Math.min(config.limit ?? Infinity, dataset.length);
    const { description } = await useDevice(flags.device, printMessage);
    const victim = createVictim({
      ...size,
      model: state.config.model,
      classCount: state.classes.length,
      weights,
      predictBatchSizes: batchSizesOf(total, batchSize),
    });
    const progress = startProgress(`${flags.name} on ${dataset.name} ${split}`, total);
    progress.log(`${description}; ${total} images of ${width}×${height}`);
    const started = performance.now();
    const elapsed = (): number => (performance.now() - started) / 1000;
    const announce = (): void => progress.log('stopping; Ctrl-C again ends at once');
    try {
      const scores = await withInterrupt(announce, (signal) =>
        evaluateVictim(victim, dataset, {
          batchSize,
          size,
          limit: total,
          workers: flags.workers,
          signal,
          onProgress: (done) => {
            const speed = done / elapsed();
            const left = formatDuration((total - done) / speed);
            progress.update(done, `, ${speed.toFixed(1)} images/s, ${left} left`);
          },
        }),
      );
      const { iou, miou, pixelAccuracy, accuracy, classAccuracy, pixels, images, matrix } = scores;
      return {
        images,
        classes: state.classes.map(({ name }, i) => ({
          name,
          iou: iou[i] ?? null,
          accuracy: accuracy[i] ?? null,
          pixels: pixels[i]!,
        })),
        miou,
        ancestorMiou: ancestorMeanIou(matrix, dataset.classTable.ignoreIndex),
        pixelAccuracy,
        classAccuracy,
        imagesPerSecond: images / elapsed(),
        victim: flags.name,
        dataset: dataset.name,
        split,
      };
    } finally {
      progress.stop();
      victim.dispose();
    }
  } finally {
    await dataset.close();
  }
}

/** Prints the result for a person: a table of IoU and accuracy by class, and the figures of the whole. */
export function printTestResult(result: TestResult): void {
  const { victim, dataset, split, images, classes } = result;
  printLine(
    `${victim} on ${dataset} ${split}, ${formatCount(images, 'image')}, ${result.imagesPerSecond.toFixed(1)} images/s`,
  );
  const counted = classes.filter(({ iou }) => iou !== null);
  printLine(
    formatTable([
      ['', 'IoU', 'accuracy'],
      ...counted.map(({ name, iou, accuracy }) => [
        name,
        formatPercent(iou),
        formatPercent(accuracy),
      ]),
      ['mean', formatPercent(result.miou), formatPercent(result.classAccuracy)],
    ]),
  );
  printLine(`pixel accuracy ${formatPercent(result.pixelAccuracy)}`);
  printLine(
    `mIoU by PyTorch-ENet's own measure, which forgives a labelled pixel predicted as unlabelled: ${formatPercent(result.ancestorMiou)}`,
  );
}

function pick(flags: TrainingFlags, keys: readonly string[]): Record<string, unknown> {
  const given = keys.filter((key) => flags[key] !== undefined);
  return Object.fromEntries(given.map((key) => [key, flags[key]]));
}
