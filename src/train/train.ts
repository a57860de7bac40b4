import { recoverCheckpoint, type TrainState } from './checkpoint.js';
import { epochsOf } from './config.js';
import { lockRun } from './run-lock.js';
import { abortable, runTraining } from './train-loop.js';
import type { TrainObserver } from './train-observer.js';
import { prepareVictimTraining, type VictimTrainingSource } from './victim-training.js';

export interface TrainOptions extends VictimTrainingSource {
  readonly observer: TrainObserver;
  /** Stop after this epoch, though the learning rate falls as if all were to come. @defaultValue the last */
  readonly until?: number | undefined;
  /** When it aborts, the training saves where it is and throws `CANCELLED`. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Trains the victim by {@link runTraining}, into the checkpoint of `folder`.
 *
 * @returns the state after the last epoch.
 * @throws SegprobeError `RUN_IN_PROGRESS`, `CHECKPOINT_EXISTS`, `CHECKPOINT_INVALID`, and what {@link runTraining} throws.
 */
export async function trainVictim(options: TrainOptions): Promise<TrainState> {
  const { folder, config } = options;
  const lock = await lockRun(folder);
  try {
    await recoverCheckpoint(folder);
    const train = abortable(options.train, options.signal);
    const training = await prepareVictimTraining({ ...options, train }, lock);
    try {
      await runTraining({ ...options, train, epochs: epochsOf(config) }, training);
      return training.state;
    } finally {
      training.dispose();
    }
  } finally {
    await lock.release();
  }
}
