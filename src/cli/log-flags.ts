import type { Command } from 'commander';
import type { AugmentConfig } from '../train/augmentation.js';
import { createBatchPictureLog } from '../train/logs/batch-picture.js';
import { createTensorBoardLog } from '../train/logs/tensorboard-log.js';
import { joinObservers, type TrainObserver } from '../train/train-observer.js';
import { integer } from './numbers.js';
import type { ShownTraining } from './train-observer.js';

/** The flags that say what a training tells, and how it reads; they change no number that it computes. */
export interface LogFlags {
  readonly printStep?: boolean;
  readonly imshowBatch?: boolean;
  readonly workers?: number;
  readonly tensorboard: boolean;
  readonly valPictures: number;
}

/** The flags of every command that trains. */
export function addLogFlags(command: Command): Command {
  return addWorkersFlag(command)
    .option('--print-step', 'print the loss of each step')
    .option(
      '--imshow-batch',
      'write the first batch as a picture, scenes as augmented beside their labels, and print its path',
    )
    .option('--no-tensorboard', 'write no event files for TensorBoard to save/NAME/tensorboard')
    .option(
      '--val-pictures <n>',
      'have predictions of three scenes of val in TensorBoard every so many epochs; 0: never',
      integer,
      10,
    );
}

/** How far ahead scenes are read. */
export function addWorkersFlag(command: Command): Command {
  return command.option(
    '--workers <n>',
    'batches read ahead while another computes, by the threads of UV_THREADPOOL_SIZE (4 unless set); 0: none (default: 2)',
    integer,
  );
}

/** Makes the observer that shows a training and keeps its logs as the flags say. */
export function createLogs(
  flags: Partial<LogFlags>,
  config: AugmentConfig,
  shown: ShownTraining,
): TrainObserver {
  const { tensorboard = true, valPictures = 10, imshowBatch = false } = flags;
  const logs: Partial<TrainObserver>[] = [shown];
  if (tensorboard) logs.push(createTensorBoardLog({ pictureEvery: valPictures }));
  if (imshowBatch) {
    logs.push(createBatchPictureLog(config, (file) => shown.log(`first batch: ${file}`)));
  }
  return joinObservers(...logs);
}
