import { type Command, Option } from 'commander';
import { SPLITS, type Split } from '../data/dataset.js';
import { readCheckpoint } from '../train/checkpoint.js';
import { useDevice } from '../train/device.js';
import { batchSizesOf, evaluateVictim } from '../train/evaluate.js';
import { createVictim } from '../train/victim.js';
import { withInterrupt } from './interrupt.js';
import { printJson, printLine, printMessage } from './output.js';
import { startProgress } from './progress.js';
import { formatPercent, formatScores } from './scores.js';
import {
  addCheckpointFlags,
  checkpointFolder,
  openSplit,
  type TrainingFlags,
} from './training-flags.js';

/** `segprobe test` */
export function configureTest(command: Command): void {
  addCheckpointFlags(command)
    .addOption(
      new Option('--split <split>', 'which split to measure on').choices(SPLITS).default('val'),
    )
    .option('--json', 'print the result as one JSON object')
    .action((flags: TrainingFlags & { split: Split }) => test(flags, flags.split));
}

/** Measures a checkpoint on a split and prints its IoU. */
export async function test(flags: TrainingFlags, split: Split): Promise<void> {
  const folder = checkpointFolder(flags);
  const { state, weights } = await readCheckpoint(folder);
  // The data set is the training's unless another is named.
  const { config } = state;
  const dataset = await openSplit(
    flags.dataset === undefined && flags.datasetDir === undefined
      ? config
      : { dataset: flags.dataset ?? config.dataset, datasetDir: flags.datasetDir },
    split,
  );
  const { description } = await useDevice(flags.device, printMessage);
  const size = { height: config.height, width: config.width };
  const { batchSize } = config;
  const limit = Math.min(flags.limit ?? Infinity, dataset.length);
  const victim = createVictim({
    ...size,
    classCount: state.classes.length,
    weights,
    predictBatchSizes: batchSizesOf(limit, batchSize),
  });
  const progress = startProgress(
    `${flags.name} on ${dataset.name} ${split}, ${description}`,
    limit,
  );
  const started = performance.now();
  try {
    const scores = await withInterrupt((signal) =>
      evaluateVictim(victim, dataset, {
        batchSize,
        size,
        limit,
        signal,
        onProgress: (done) => progress.update(done),
      }),
    );
    progress.stop();
    const { iou, miou, pixelAccuracy, pixels, images } = scores;
    const imagesPerSecond = images / ((performance.now() - started) / 1000);
    const names = state.classes.map(({ name }) => name);
    if (flags['json']) {
      const classes = names.map((name, i) => ({ name, iou: iou[i], pixels: pixels[i] }));
      const { name, split: measured } = { name: dataset.name, split };
      printJson({
        images,
        classes,
        miou,
        pixelAccuracy,
        imagesPerSecond,
        victim: flags.name,
        dataset: name,
        split: measured,
      });
      return;
    }
    printLine(
      `${flags.name} on ${dataset.name} ${split}, ${images} images: mIoU ${formatPercent(miou)}, pixel accuracy ${formatPercent(pixelAccuracy)}`,
    );
    printLine(formatScores(names, scores));
  } finally {
    progress.stop();
    victim.dispose();
    await dataset.close();
  }
}
