import { existsSync } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { fromFileError } from '../data/files.js';
import { isSegprobeError, SegprobeError } from '../shared/errors.js';

/** The files of a checkpoint, of whatever kind. */
export const CHECKPOINT_FILES = {
  weights: 'weights.safetensors',
  optimizer: 'optimizer.safetensors',
  state: 'state.json',
  metrics: 'metrics.jsonl',
  summary: 'summary.txt',
} as const;

/** How often a read that a training's write came in between is begun again. */
const READ_ATTEMPTS = 5;

/**
 * Writes a checkpoint's folder so that a crash leaves the old one or the new one: into a folder beside, which then takes the
 * old one's place. {@link recoverCheckpoint} finishes what a crash between the two renames has left. Other files that lie in
 * the folder stay. For whoever holds the name (`lockRun`).
 *
 * @param writeFiles - writes into the folder that it is given.
 * @throws SegprobeError `DISK_FULL` and others of the file system; the old checkpoint stays then.
 */
export async function replaceCheckpoint(
  folder: string,
  writeFiles: (folder: string) => Promise<void>,
): Promise<void> {
  const { next, previous } = besideOf(folder);
  try {
    await recoverCheckpoint(folder);
    await rm(next, { recursive: true, force: true });
    await mkdir(next, { recursive: true });
    await writeFiles(next);
    if (existsSync(folder)) await rename(folder, previous);
    await rename(next, folder);
  } catch (error) {
    await recoverCheckpoint(folder).catch(() => undefined);
    await rm(next, { recursive: true, force: true }).catch(() => undefined);
    const refusal = fromFileError(error, folder);
    if (!isSegprobeError(refusal)) throw refusal;
    const message = refusal.message.replaceAll(next, folder); // Nobody else knows of the folder beside.
    throw new SegprobeError(refusal.code, message, { cause: error });
  }
  // The new one is in place: what fails from here on is mended by the next write.
  await syncFolder(path.dirname(folder)).catch(() => undefined);
  await recoverCheckpoint(folder).catch(() => undefined);
}

/**
 * Ends what a crash has left undone: puts the old checkpoint back where the new one had not taken its place, takes it away
 * where it had. For whoever holds the name (`lockRun`).
 *
 * @throws SegprobeError `FILE_INVALID` where something else than a folder has the checkpoint's name.
 */
export async function recoverCheckpoint(folder: string): Promise<void> {
  const { previous } = besideOf(folder);
  try {
    const found = await stat(folder).catch(() => undefined);
    if (found !== undefined && !found.isDirectory()) {
      throw new SegprobeError(
        'FILE_INVALID',
        `${folder}: expected a folder or nothing, got a file`,
      );
    }
    if (!existsSync(previous)) return;
    if (found === undefined) {
      await rename(previous, folder);
      return;
    }
    for (const name of await readdir(previous)) {
      if (isOurs(name) || existsSync(path.join(folder, name))) continue;
      await rename(path.join(previous, name), path.join(folder, name));
    }
    await rm(previous, { recursive: true, force: true });
  } catch (error) {
    throw fromFileError(error, folder);
  }
}

function isOurs(name: string): boolean {
  return Object.values<string>(CHECKPOINT_FILES).some(
    (own) => name === own || name.startsWith(`.${own}.`),
  );
}

/**
 * Reads a checkpoint's folder, and again where a training has written the next one meanwhile.
 *
 * @param readFiles - reads from the folder that it is given.
 * @throws what `readFiles` throws of a folder that stays.
 */
export async function readCheckpointFolder<T>(
  folder: string,
  readFiles: (folder: string) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    const place = placeOf(folder);
    const before = await identityOf(place);
    try {
      return await readFiles(place);
    } catch (error) {
      const isReplaced = placeOf(folder) !== place || (await identityOf(place)) !== before;
      if (attempt === READ_ATTEMPTS || !isReplaced) throw error;
    }
  }
}

/** Tells whether a checkpoint is there, be it damaged, or one that a crash left beside. */
export function hasCheckpoint(folder: string): boolean {
  const place = placeOf(folder);
  return [CHECKPOINT_FILES.state, CHECKPOINT_FILES.weights, CHECKPOINT_FILES.optimizer].some(
    (name) => existsSync(path.join(place, name)),
  );
}

/** Where the weights of a checkpoint lie, for whoever wants their bytes. */
export function weightsFileOf(folder: string): string {
  return path.join(placeOf(folder), CHECKPOINT_FILES.weights);
}

/** Where its optimizer's tensors lie, for messages. */
export function optimizerFileOf(folder: string): string {
  return path.join(placeOf(folder), CHECKPOINT_FILES.optimizer);
}

/** Where the checkpoint lies: beside, if a crash fell between the two renames. */
function placeOf(folder: string): string {
  const { previous } = besideOf(folder);
  return !existsSync(folder) && existsSync(previous) ? previous : folder;
}

/** Changes when another folder takes the place. */
async function identityOf(folder: string): Promise<string> {
  const found = await stat(folder).catch(() => undefined);
  return found === undefined ? 'none' : `${found.ino} ${found.ctimeMs}`;
}

function besideOf(folder: string): { next: string; previous: string } {
  const [parent, name] = [path.dirname(folder), path.basename(folder)];
  return {
    next: path.join(parent, `.${name}.next`),
    previous: path.join(parent, `.${name}.previous`),
  };
}

/** Makes renames last through a power cut. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
