import path from 'node:path';
import type { z } from 'zod';
import { readFileWhole, writeFileWhole } from '../data/files.js';
import { messageOf, SegprobeError } from '../shared/errors.js';
import { decodeSafetensors, encodeSafetensors } from '../shared/safetensors.js';
import {
  CHECKPOINT_FILES as FILES,
  hasCheckpoint,
  readCheckpointFolder,
  replaceCheckpoint,
} from './checkpoint-folder.js';
import type { NamedTensors } from './packing.js';
import { type CheckpointKind, decodeState, encodeState, kindOf, parseState } from './state-file.js';
import { sha256Of } from './sha256.js';

/** What every state says, whatever the checkpoint is of. */
export interface StateBase {
  readonly epoch: number;
  readonly step: number;
  readonly metrics: readonly Readonly<Record<string, unknown>>[];
}

/** A checkpoint's contents, of whatever kind. */
export interface CheckpointFiles<State extends StateBase> {
  readonly state: State;
  readonly weights: NamedTensors;
  /** Absent where nothing is there to go on from. */
  readonly optimizer?: NamedTensors | undefined;
}

/**
 * Writes a checkpoint into `save/NAME/`; see {@link replaceCheckpoint}.
 *
 * @param summary - `summary.txt`, for people.
 */
export function writeCheckpointFiles<State extends StateBase>(
  folder: string,
  { state, weights, optimizer }: CheckpointFiles<State>,
  summary: string,
): Promise<void> {
  const metadata = { format: 'pt', epoch: String(state.epoch), step: String(state.step) };
  return replaceCheckpoint(folder, async (next) => {
    const write = (name: string, contents: Uint8Array | string): Promise<void> =>
      writeFileWhole(path.join(next, name), contents);
    const hashes: Record<string, string> = {};
    for (const [name, tensors] of [
      [FILES.weights, weights],
      [FILES.optimizer, optimizer],
    ] as const) {
      if (tensors === undefined) continue;
      const bytes = encodeSafetensors(tensors, metadata);
      await write(name, bytes);
      hashes[name] = sha256Of(bytes);
    }
    await write(FILES.metrics, state.metrics.map((line) => `${JSON.stringify(line)}\n`).join(''));
    await write(FILES.summary, summary);
    await write(FILES.state, encodeState(state, hashes));
  });
}

export interface ReadOptions<State> {
  readonly kind: CheckpointKind;
  readonly schema: z.ZodType<State>;
  /** Whether a checkpoint that names no such file may lack the optimizer. */
  readonly optimizerOf: (state: State) => 'required' | 'optional';
}

/**
 * Reads a checkpoint: also while a training writes the next one.
 *
 * @throws SegprobeError `CHECKPOINT_NOT_FOUND`, or `CHECKPOINT_INVALID` naming the file that is damaged and how, or saying that
 * the checkpoint is of another kind.
 */
export function readCheckpointFiles<State extends StateBase>(
  folder: string,
  options: ReadOptions<State>,
): Promise<CheckpointFiles<State>> {
  return readCheckpointFolder(folder, (place) => readFiles(place, options));
}

/** Finds out what a checkpoint is of: a victim, unless it says otherwise. What is wrong with one, reading it tells. */
export async function readCheckpointKind(folder: string): Promise<CheckpointKind> {
  try {
    return await readCheckpointFolder(folder, async (place) => {
      const file = path.join(place, FILES.state);
      return kindOf(JSON.parse(Buffer.from(await readFileWhole(file)).toString('utf8')));
    });
  } catch {
    return 'victim';
  }
}

async function readFiles<State extends StateBase>(
  folder: string,
  { kind, schema, optimizerOf }: ReadOptions<State>,
): Promise<CheckpointFiles<State>> {
  if (!hasCheckpoint(folder)) {
    throw new SegprobeError(
      'CHECKPOINT_NOT_FOUND',
      `${folder}: expected a checkpoint, got no ${FILES.state} there`,
    );
  }
  const stateFile = path.join(folder, FILES.state);
  const json = await naming(async () => {
    const bytes = await readFileWhole(stateFile);
    return parseState(Buffer.from(bytes).toString('utf8'), stateFile);
  });
  assertKind(folder, kind, kindOf(json));
  const { state, files } = await naming(() => decodeState(json, schema, stateFile));
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
  const mayLack = optimizerOf(state) === 'optional';
  if (mayLack && files[FILES.optimizer] === undefined) return { state, weights };
  return { state, weights, optimizer: await readTensors(FILES.optimizer) };
}

function assertKind(folder: string, expected: CheckpointKind, found: CheckpointKind): void {
  if (found === expected) return;
  throw new SegprobeError(
    'CHECKPOINT_INVALID',
    `${folder}: expected a checkpoint of ${WITH_ARTICLE[expected]}, got one of ${WITH_ARTICLE[found]}`,
  );
}

const WITH_ARTICLE = {
  victim: 'a victim',
  attacker: 'an attacker',
} as const satisfies Record<CheckpointKind, string>;

function assertSame(file: string, what: string, expected: string, found = 'none'): void {
  if (found === expected) return;
  throw new Error(`${file}: expected ${what} ${expected}, got ${found}`);
}

/** Makes any refusal one of the checkpoint's; messages name the file already. */
async function naming<T>(read: () => T | Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    const text = messageOf(error);
    throw new SegprobeError('CHECKPOINT_INVALID', `damaged checkpoint: ${text}`, { cause: error });
  }
}
