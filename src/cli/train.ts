import type { Command } from 'commander';
import { segprobeCacheDir } from '../graph/native/context.js';
import {
  type Checkpoint,
  hasCheckpoint,
  readCheckpoint,
  type TrainState,
  weightsFileOf,
} from '../train/checkpoint.js';
import type { TrainConfig } from '../train/config.js';
import { useDevice } from '../train/device.js';
import { encoderFolderOf, trainInParts } from '../train/encoder-first.js';
import { lockRun } from '../train/run-lock.js';
import { assertFree, assertResumable, assertSameOptions } from '../train/training-checks.js';
import { withInterrupt } from './interrupt.js';
import { createLogs } from './log-flags.js';
import { printJson, printLine, printMessage } from './output.js';
import { formatCount, formatPercent, formatScores } from './scores.js';
import { createTrainObserver } from './train-observer.js';
import {
  addTrainingFlags,
  checkpointFolder,
  defaultSizeOf,
  openSplit,
  toTrainConfig,
  type TrainingFlags,
} from './training-flags.js';
import { writeTrainingCurve } from './training-curve.js';

/** `segprobe train` */
export function configureTrain(command: Command): void {
  addTrainingFlags(command).action(async (flags: TrainingFlags) => {
    const state = await train(flags);
    if (flags['json']) printJson(trainResult(flags, state));
    else printTrainResult(flags, state);
  });
}

/** Trains as the flags say. */
export async function train(flags: TrainingFlags): Promise<TrainState> {
  const folder = checkpointFolder(flags);
  const existing = flags['resume'] ? 'resume' : flags['overwrite'] ? 'overwrite' : 'refuse';
  const pretrained = await readPretrained(flags);
  const { config, before } = await readConfig(flags, folder, existing);
  const inOrderOf = before ?? pretrained?.state;
  const trainSplit = await openSplit(config, 'train', inOrderOf);
  const valSplit = await openSplit(config, 'val', inOrderOf);
  const observer = createTrainObserver({ printStep: flags['printStep'] === true });
  const announce = (): void =>
    observer.log('stopping after this step and saving; Ctrl-C again ends at once, without saving');
  try {
    const { description } = await useDevice(flags.device, printMessage);
    printMessage(`${description}; checkpoint ${folder}`);
    const state = await withInterrupt(announce, (signal) =>
      trainInParts({
        config,
        folder,
        train: trainSplit,
        val: valSplit,
        existing,
        pretrained,
        cacheDir: segprobeCacheDir(),
        reloadClassWeights: flags['reloadClassWeights'] === true,
        onClassPixels: observer.onClassPixels,
        observer: createLogs(flags, config, observer),
        workers: flags.workers,
        signal,
        onPart: (part) => observer.log(PARTS[part]),
      }),
    );
    await writeTrainingCurve(folder, state.metrics);
    return state;
  } finally {
    observer.stop();
    await Promise.all([trainSplit.close(), valSplit.close()]);
  }
}

const PARTS = {
  encoder: 'first part: the encoder alone, on one label in 8×8',
  whole: 'second part: the whole network, from the trained encoder',
} as const;

/** A size that any window lies within. */
const LARGE = { height: 2 ** 20, width: 2 ** 20 };

/**
 * Refuses early what can be known early: loading TensorFlow takes seconds.
 * @returns the configuration, and the state of the training that is resumed.
 */
async function readConfig(
  flags: TrainingFlags,
  folder: string,
  existing: 'refuse' | 'resume' | 'overwrite',
): Promise<{ config: TrainConfig; before?: TrainState }> {
  toTrainConfig(flags, LARGE); // whatever size the data set has
  const lock = await lockRun(folder);
  try {
    if (existing === 'refuse') assertFree(folder);
    if (existing !== 'resume') return { config: toTrainConfig(flags, await defaultSizeOf(flags)) };
    const before = await readStateBefore(folder);
    const resumed = toTrainConfig(flags, before.config);
    assertSameOptions(before.config, resumed);
    return { config: resumed, before };
  } finally {
    await lock.release();
  }
}

/** The state of the training that is resumed, whichever part it was in, with the configuration of the whole. */
async function readStateBefore(folder: string): Promise<TrainState> {
  const encoderFolder = encoderFolderOf(folder);
  if (hasCheckpoint(folder) || !hasCheckpoint(encoderFolder)) {
    const checkpoint = await readCheckpoint(folder);
    assertResumable(checkpoint, folder);
    return checkpoint.state;
  }
  const { state } = await readCheckpoint(encoderFolder);
  return { ...state, config: { ...state.config, model: 'enet' } };
}

async function readPretrained(
  flags: TrainingFlags,
): Promise<(Checkpoint & { readonly file: string }) | undefined> {
  if (typeof flags['pretrained'] !== 'string') return undefined;
  const folder = checkpointFolder({ ...flags, name: flags['pretrained'] });
  return { ...(await readCheckpoint(folder)), file: weightsFileOf(folder) };
}

/** What `--json` prints of a training. */
export function trainResult(flags: TrainingFlags, state: TrainState): object {
  const { epoch, step, best } = state;
  return { name: flags.name, folder: checkpointFolder(flags), epoch, step, best };
}

/** Prints the outcome of a training for a person. */
export function printTrainResult(flags: TrainingFlags, { best, epoch, classes }: TrainState): void {
  const head = `${flags.name}: ${formatCount(epoch, 'epoch')}, best mIoU on val ${formatPercent(best?.miou ?? null)} after epoch ${best?.epoch}`;
  const names = classes.map(({ name }) => name);
  printLine(`${head}\n${formatScores(names, best ?? { iou: [] })}`);
}
