import { readFileWhole } from '../data/files.js';
import { type Checkpoint, readCheckpoint, weightsFileOf } from '../train/checkpoint.js';
import { sha256Of } from '../train/sha256.js';

/** A checkpoint, and the file that its weights come from. */
export interface HashedCheckpoint {
  readonly checkpoint: Checkpoint;
  readonly weightsFile: string;
  /** Of the file's bytes, in lower-case hex. */
  readonly weightsSha256: string;
}

/**
 * Reads a checkpoint with the hash of its weights: of the same weights, also while a training writes the next ones.
 * @throws SegprobeError as `readCheckpoint` does.
 */
export async function readHashedCheckpoint(folder: string): Promise<HashedCheckpoint> {
  let before: string | undefined;
  for (;;) {
    // First, since it says what is wrong with a checkpoint that is.
    const checkpoint = await readCheckpoint(folder);
    const weightsFile = weightsFileOf(folder);
    const weightsSha256 = await readFileWhole(weightsFile).then(sha256Of, () => undefined);
    // The checkpoint was read between two looks at the same file.
    if (weightsSha256 !== undefined && weightsSha256 === before) {
      return { checkpoint, weightsFile, weightsSha256 };
    }
    before = weightsSha256;
  }
}
