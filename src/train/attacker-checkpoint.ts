import { attackerStateSchema, type AttackerState } from './attacker-state.js';
import { attackerSummaryOf } from './attacker-summary.js';
import { readCheckpointFiles, writeCheckpointFiles } from './checkpoint-files.js';
import type { NamedTensors } from './packing.js';

export type { AttackerState } from './attacker-state.js';

/** An attacker's checkpoint as it lies in `save/NAME/`. */
export interface AttackerCheckpoint {
  readonly state: AttackerState;
  /** The attacker's own weights, `encode.*` and `decode.*`; the victim's lie in its own checkpoint. */
  readonly weights: NamedTensors;
  /** The latest weights and Adam's moments, from which training goes on; absent where nothing is there to go on from. */
  readonly optimizer?: NamedTensors | undefined;
}

/**
 * Writes an attacker's checkpoint: `weights.safetensors`, `state.json` and so on, as a victim's; see `replaceCheckpoint`.
 * @throws SegprobeError `DISK_FULL` and others of the file system; the old checkpoint stays then.
 */
export function writeAttackerCheckpoint(
  folder: string,
  checkpoint: AttackerCheckpoint,
): Promise<void> {
  return writeCheckpointFiles(folder, checkpoint, attackerSummaryOf(checkpoint.state));
}

/**
 * Reads an attacker's checkpoint: also while a training writes the next one.
 *
 * @throws SegprobeError `CHECKPOINT_NOT_FOUND`, or `CHECKPOINT_INVALID` naming the file that is damaged and how, or saying that
 * the checkpoint is a victim's.
 */
export function readAttackerCheckpoint(folder: string): Promise<AttackerCheckpoint> {
  return readCheckpointFiles(folder, {
    kind: 'attacker',
    schema: attackerStateSchema,
    optimizerOf: () => 'optional',
  });
}
