import { readFileWhole } from '../data/files.js';
import { type AttackerCheckpoint, readAttackerCheckpoint } from '../train/attacker-checkpoint.js';
import { type Checkpoint, readCheckpoint, weightsFileOf } from '../train/checkpoint.js';
import { sha256Of } from '../train/sha256.js';

/** A checkpoint, of whatever kind, and the file that its weights come from. */
export interface Hashed<AnyCheckpoint> {
  readonly checkpoint: AnyCheckpoint;
  readonly weightsFile: string;
  /** Of the file's bytes, in lower-case hex. */
  readonly weightsSha256: string;
}

export type HashedCheckpoint = Hashed<Checkpoint>;

/**
 * Reads a checkpoint with the hash of its weights: of the same weights, also while a training writes the next ones.
 * @throws SegprobeError as `readCheckpoint` does.
 */
export function readHashedCheckpoint(folder: string): Promise<HashedCheckpoint> {
  return readHashed(folder, readCheckpoint);
}

/** The same of an attacker. @throws SegprobeError as `readAttackerCheckpoint` does. */
export function readHashedAttacker(folder: string): Promise<Hashed<AttackerCheckpoint>> {
  return readHashed(folder, readAttackerCheckpoint);
}

async function readHashed<T>(
  folder: string,
  read: (folder: string) => Promise<T>,
): Promise<Hashed<T>> {
  let before: string | undefined;
  for (;;) {
    // First, since it says what is wrong with a checkpoint that is.
    const checkpoint = await read(folder);
    const weightsFile = weightsFileOf(folder);
    const weightsSha256 = await readFileWhole(weightsFile).then(sha256Of, () => undefined);
    // The checkpoint was read between two looks at the same file.
    if (weightsSha256 !== undefined && weightsSha256 === before) {
      return { checkpoint, weightsFile, weightsSha256 };
    }
    before = weightsSha256;
  }
}
