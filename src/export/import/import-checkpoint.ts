import path from 'node:path';
import { readFileWhole } from '../../data/files.js';
import { SegprobeError } from '../../shared/errors.js';
import { type AttackerState, writeAttackerCheckpoint } from '../../train/attacker-checkpoint.js';
import { hasCheckpoint, weightsFileOf, writeCheckpoint } from '../../train/checkpoint.js';
import type { TrainConfig } from '../../train/config.js';
import { lockRun, type RunLock } from '../../train/run-lock.js';
import { sha256Of } from '../../train/sha256.js';
import { ancestorSummaryOf, readAncestorSummary } from './ancestor-summary.js';
import { detectNetworks } from './detect-networks.js';
import { planImport, type PlannedCheckpoint } from './plan-import.js';
import { readPyTorchFile } from './pytorch-file.js';
import { attackerState, victimState } from './states.js';

export interface ImportOptions {
  readonly file: string;
  /** Of the checkpoint; of two, `NAME-attacker` and `NAME-victim`. */
  readonly name: string;
  readonly saveDir: string;
  /** What to do where a checkpoint of the name exists. */
  readonly existing: 'refuse' | 'overwrite';
  /** A `classes.json` that names the network's outputs. */
  readonly classesFile?: string | undefined;
  /** What the user says of the training: stands above what the file says. */
  readonly options: Partial<TrainConfig>;
}

/** What came of an import. */
export interface ImportedFile {
  readonly sha256: string;
  /** The file beside it that said how it was trained; null where none did. */
  readonly summaryFile: string | null;
  /** What was written: one checkpoint, or an attacker and its victim. */
  readonly checkpoints: readonly ImportedCheckpoint[];
}

export interface ImportedCheckpoint extends PlannedCheckpoint {
  readonly folder: string;
}

/**
 * Imports a PyTorch checkpoint: finds out which networks it holds and writes a checkpoint for each, ready to test, export and
 * serve, and to train on where the file has what that needs.
 *
 * @throws SegprobeError `FILE_NOT_FOUND`, `FILE_INVALID`, `CHECKPOINT_INVALID` for a network that is not known,
 * `DATASET_INVALID`, `USAGE`, `CHECKPOINT_EXISTS`, `RUN_IN_PROGRESS`, and what the file system refuses.
 */
export async function importCheckpoint(options: ImportOptions): Promise<ImportedFile> {
  const { file, existing, saveDir } = options;
  const source = await readPyTorchFile(file);
  const networks = detectNetworks(source.tensors, file);
  const { epoch, miou } = source;
  const summary = await readAncestorSummary(file, { epoch, miou });
  const plans = await planImport({ ...options, source, networks, summary: summary ?? {} });
  const checkpoints = plans.map((plan) => ({ ...plan, folder: path.join(saveDir, plan.name) }));
  const folders = checkpoints.map(({ folder }) => folder);
  await withLocks(folders, async () => {
    if (existing === 'refuse') folders.forEach(assertFree);
    await writeAll(checkpoints);
  });
  const summaryFile = summary === undefined ? null : ancestorSummaryOf(file);
  return { sha256: source.sha256, summaryFile, checkpoints };
}

/** Victims first, since an attacker says whose it is. */
async function writeAll(checkpoints: readonly ImportedCheckpoint[]): Promise<void> {
  let victim: AttackerState['victim'] = null;
  for (const { network, name, folder, training, optimizer: found } of checkpoints.toReversed()) {
    const { weights } = network;
    const optimizer = typeof found === 'string' ? undefined : found;
    if (network.kind === 'attacker') {
      const state = attackerState(training, victim);
      await writeAttackerCheckpoint(folder, { state, weights, optimizer });
    } else {
      await writeCheckpoint(folder, { state: victimState(training), weights, optimizer });
      victim = { name, sha256: sha256Of(await readFileWhole(weightsFileOf(folder))) };
    }
  }
}

async function withLocks(folders: readonly string[], act: () => Promise<void>): Promise<void> {
  const locks: RunLock[] = [];
  try {
    for (const folder of folders) locks.push(await lockRun(folder));
    await act();
  } finally {
    await Promise.all(locks.map((lock) => lock.release()));
  }
}

function assertFree(folder: string): void {
  if (!hasCheckpoint(folder)) return;
  throw new SegprobeError(
    'CHECKPOINT_EXISTS',
    `${folder}: expected no checkpoint of this name, got one; pass --overwrite to replace it, or another --name`,
  );
}
