import { readCheckpointFiles, writeCheckpointFiles } from './checkpoint-files.js';
import type { NamedTensors } from './packing.js';
import { summaryOf } from './summary.js';
import { trainStateSchema, type TrainState } from './train-state.js';

export {
  hasCheckpoint,
  optimizerFileOf,
  recoverCheckpoint,
  weightsFileOf,
} from './checkpoint-folder.js';
export type { TrainState } from './train-state.js';

/** A victim's checkpoint as it lies in `save/NAME/`. */
export interface Checkpoint {
  readonly state: TrainState;
  /** The weights that are tested, exported and attacked: those of the epoch with the best mIoU on val, or the latest before one. */
  readonly weights: NamedTensors;
  /** The latest weights (`weights.*`) and Adam's moments (`exp_avg.*`, `exp_avg_sq.*`), from which training goes on; absent where
   * an imported checkpoint had none that fit. */
  readonly optimizer?: NamedTensors | undefined;
}

/**
 * Writes a victim's checkpoint; see `replaceCheckpoint`.
 * @throws SegprobeError `DISK_FULL` and others of the file system; the old checkpoint stays then.
 */
export function writeCheckpoint(folder: string, checkpoint: Checkpoint): Promise<void> {
  return writeCheckpointFiles(folder, checkpoint, summaryOf(checkpoint.state));
}

/**
 * Reads a victim's checkpoint: also while a training writes the next one.
 *
 * @throws SegprobeError `CHECKPOINT_NOT_FOUND`, or `CHECKPOINT_INVALID` naming the file that is damaged and how, or saying that
 * the checkpoint is an attacker's.
 */
export function readCheckpoint(folder: string): Promise<Checkpoint> {
  return readCheckpointFiles(folder, {
    kind: 'victim',
    schema: trainStateSchema,
    optimizerOf: ({ importedFrom }) => (importedFrom === undefined ? 'required' : 'optional'),
  });
}
