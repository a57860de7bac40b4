import type { Command } from 'commander';
import { segprobeCacheDir } from '../graph/native/context.js';
import { readCheckpoint, type TrainState } from '../train/checkpoint.js';
import { useDevice } from '../train/device.js';
import { trainVictim } from '../train/train.js';
import { withInterrupt } from './interrupt.js';
import { printJson, printLine, printMessage } from './output.js';
import { formatPercent, formatScores } from './scores.js';
import { createTrainObserver } from './train-observer.js';
import {
  addTrainingFlags,
  checkpointFolder,
  openSplit,
  toTrainConfig,
  type TrainingFlags,
} from './training-flags.js';

/** `segprobe train` */
export function configureTrain(command: Command): void {
  addTrainingFlags(command).action(async (flags: TrainingFlags) => {
    const state = await train(flags);
    if (flags['json'])
      printJson({ name: flags.name, epoch: state.epoch, step: state.step, best: state.best });
    else printLine(resultOf(flags, state));
  });
}

/** Trains as the flags say. */
export async function train(flags: TrainingFlags): Promise<TrainState> {
  const folder = checkpointFolder(flags);
  const resumed = flags['resume'] ? (await readCheckpoint(folder)).state.config : {};
  const config = toTrainConfig(flags, resumed);
  const pretrained = flags['pretrained'] as string | undefined;
  const { description } = await useDevice(flags.device, printMessage);
  printMessage(`${description}; checkpoint ${folder}`);
  const trainSplit = await openSplit(config, 'train');
  const valSplit = await openSplit(config, 'val');
  try {
    return await withInterrupt(async (signal) =>
      trainVictim({
        config,
        folder,
        train: trainSplit,
        val: valSplit,
        existing: flags['resume'] ? 'resume' : flags['overwrite'] ? 'overwrite' : 'refuse',
        pretrained:
          pretrained === undefined
            ? undefined
            : (await readCheckpoint(checkpointFolder({ ...flags, name: pretrained }))).weights,
        cacheDir: segprobeCacheDir(),
        reloadClassWeights: flags['reloadClassWeights'] === true,
        observer: createTrainObserver({
          epochs: config.epochs,
          printStep: flags['printStep'] === true,
        }),
        signal,
      }),
    );
  } finally {
    await Promise.all([trainSplit.close(), valSplit.close()]);
  }
}

function resultOf(flags: TrainingFlags, { best, epoch, classes }: TrainState): string {
  if (best === null) return `${flags.name}: no epoch is complete yet`;
  const head = `${flags.name}: ${epoch} epochs, best mIoU on val ${formatPercent(best.miou)} after epoch ${best.epoch}`;
  return `${head}\n${formatScores(
    classes.map(({ name }) => name),
    best,
  )}`;
}
