import type { AttackerState } from './attacker-checkpoint.js';
import { type AttackerTrainingSource, prepareAttackerTraining } from './attacker-training.js';
import { recoverCheckpoint } from './checkpoint.js';
import { lockRun } from './run-lock.js';
import { abortable, runTraining } from './train-loop.js';
import type { TrainObserver } from './train-observer.js';

export interface TrainAttackerOptions extends AttackerTrainingSource {
  readonly observer: TrainObserver;
  /** When it aborts, the training saves where it is and throws `CANCELLED`. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Trains an attacker against a frozen victim by `runTraining`, into the checkpoint of `folder`. The weights of the epoch after
 * which the victim's mIoU on val is lowest are kept.
 *
 * @returns the state after the last epoch.
 * @throws SegprobeError `RUN_IN_PROGRESS`, `CHECKPOINT_EXISTS`, `CHECKPOINT_INVALID`, `DATASET_INVALID` where the victim's classes
 * are not the data set's, `BUDGET_EXCEEDED`, and what `runTraining` throws.
 */
export async function trainAttacker(options: TrainAttackerOptions): Promise<AttackerState> {
  const { folder, config } = options;
  const lock = await lockRun(folder);
  try {
    await recoverCheckpoint(folder);
    const train = abortable(options.train, options.signal);
    const training = await prepareAttackerTraining({ ...options, train }, lock);
    try {
      await runTraining({ ...options, train, epochs: config.epochs }, training);
      return training.state;
    } finally {
      training.dispose();
    }
  } finally {
    await lock.release();
  }
}
