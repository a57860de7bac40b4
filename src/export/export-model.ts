import { readCheckpointKind } from '../train/checkpoint-files.js';
import { type ExportedAttacker, exportAttacker } from './export-attacker.js';
import { type ExportedVictim, type ExportOptions, exportVictim } from './export-victim.js';
import { readHashedAttacker, readHashedCheckpoint } from './hashed-checkpoint.js';

/** A checkpoint that has been read and is to be exported. */
export interface Exportable {
  /** Native TensorFlow must be the backend in use. @throws as {@link exportVictim} and {@link exportAttacker}. */
  export(options: ExportOptions): Promise<ExportedVictim | ExportedAttacker>;
}

/**
 * Reads a checkpoint of either kind, before TensorFlow is needed.
 * @throws SegprobeError `CHECKPOINT_NOT_FOUND` or `CHECKPOINT_INVALID`.
 */
export async function readExportable(folder: string): Promise<Exportable> {
  if ((await readCheckpointKind(folder)) === 'attacker') {
    const attacker = await readHashedAttacker(folder);
    return { export: (options) => exportAttacker(attacker, options) };
  }
  const victim = await readHashedCheckpoint(folder);
  return { export: (options) => exportVictim(victim, options) };
}
