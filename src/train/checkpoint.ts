import { existsSync } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { fromFileError, readFileWhole, writeFileWhole } from '../data/files.js';
import { isSegprobeError, messageOf, SegprobeError } from '../shared/errors.js';
import { decodeSafetensors, encodeSafetensors } from '../shared/safetensors.js';
import type { NamedTensors } from './packing.js';
import { summaryOf } from './summary.js';
import { decodeState, encodeState, sha256Of, type TrainState } from './train-state.js';

export type { TrainState } from './train-state.js';

/** A checkpoint as it lies in `save/NAME/`. */
export interface Checkpoint {
  readonly state: TrainState;
  /** The weights that are tested, exported and attacked: those of the epoch with the best mIoU on val, or the latest before one. */
  readonly weights: NamedTensors;
  /** The latest weights (`weights.*`) and Adam's moments (`exp_avg.*`, `exp_avg_sq.*`), from which training goes on. */
  readonly optimizer: NamedTensors;
}

const FILES = {
  weights: 'weights.safetensors',
  optimizer: 'optimizer.safetensors',
  state: 'state.json',
  metrics: 'metrics.jsonl',
  summary: 'summary.txt',
} as const;

/** How often a read that a training's write came in between is begun again. */
const READ_ATTEMPTS = 5;

/**
 * Writes a checkpoint so that a crash leaves the old one or the new one: into a folder beside, which then takes the old one's
 * place. {@link recoverCheckpoint} finishes what a crash between the two renames has left. Other files that lie in the folder
 * stay. For whoever holds the name (`lockRun`).
 *
 * @throws SegprobeError `DISK_FULL` and others of the file system; the old checkpoint stays then.
 */
export async function writeCheckpoint(folder: string, checkpoint: Checkpoint): Promise<void> {
  const { next, previous } = besideOf(folder);
  try {
    await recoverCheckpoint(folder);
    await rm(next, { recursive: true, force: true });
    await mkdir(next, { recursive: true });
    await writeFiles(next, checkpoint);
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

async function writeFiles(
  folder: string,
  { state, weights, optimizer }: Checkpoint,
): Promise<void> {
  const metadata = { format: 'pt', epoch: String(state.epoch), step: String(state.step) };
  const write = (name: string, contents: Uint8Array | string): Promise<void> =>
    writeFileWhole(path.join(folder, name), contents);
  const hashes: Record<string, string> = {};
  for (const [name, tensors] of [
    [FILES.weights, weights],
    [FILES.optimizer, optimizer],
  ] as const) {
    const bytes = encodeSafetensors(tensors, metadata);
    await write(name, bytes);
    hashes[name] = sha256Of(bytes);
  }
  await write(FILES.metrics, state.metrics.map((line) => `${JSON.stringify(line)}\n`).join(''));
  await write(FILES.summary, summaryOf(state));
  await write(FILES.state, encodeState(state, hashes));
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
  return Object.values<string>(FILES).some((own) => name === own || name.startsWith(`.${own}.`));
}

/**
 * Reads a checkpoint: also while a training writes the next one.
 *
 * @throws SegprobeError `CHECKPOINT_NOT_FOUND`, or `CHECKPOINT_INVALID` naming the file that is damaged and how.
 */
export async function readCheckpoint(folder: string): Promise<Checkpoint> {
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

async function readFiles(folder: string): Promise<Checkpoint> {
  if (!hasCheckpoint(folder)) {
    throw new SegprobeError(
      'CHECKPOINT_NOT_FOUND',
      `${folder}: expected a checkpoint, got no ${FILES.state} there`,
    );
  }
  const { state, files } = await naming(async () => {
    const file = path.join(folder, FILES.state);
    return decodeState(Buffer.from(await readFileWhole(file)).toString('utf8'), file);
  });
  const readTensors = (name: string): Promise<NamedTensors> =>
    naming(async () => {
      const file = path.join(folder, name);
      const bytes = await readFileWhole(file);
      const { tensors, metadata } = decodeSafetensors(bytes, file);
      assertSame(file, 'tensors of step', String(state.step), metadata['step']);
      if (files[name] !== undefined) assertSame(file, 'SHA-256', files[name], sha256Of(bytes));
      return tensors;
    });
  const weights = await readTensors(FILES.weights);
  return { state, weights, optimizer: await readTensors(FILES.optimizer) };
}

function assertSame(file: string, what: string, expected: string, found = 'none'): void {
  if (found === expected) return;
  throw new Error(`${file}: expected ${what} ${expected}, got ${found}`);
}

/** Makes any refusal one of the checkpoint's; messages name the file already. */
async function naming<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    const text = messageOf(error);
    throw new SegprobeError('CHECKPOINT_INVALID', `damaged checkpoint: ${text}`, { cause: error });
  }
}

/** Tells whether a checkpoint is there, be it damaged, or one that a crash left beside. */
export function hasCheckpoint(folder: string): boolean {
  const place = placeOf(folder);
  return [FILES.state, FILES.weights, FILES.optimizer].some((name) =>
    existsSync(path.join(place, name)),
  );
}

/** Where the weights of a checkpoint lie, for whoever wants their bytes. */
export function weightsFileOf(folder: string): string {
  return path.join(placeOf(folder), FILES.weights);
}

/** Where its optimizer's tensors lie, for messages. */
export function optimizerFileOf(folder: string): string {
  return path.join(placeOf(folder), FILES.optimizer);
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
