import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import lockfile from 'proper-lockfile';
import { z } from 'zod';
import { fromFileError, readFileWhole, writeFileWhole } from '../data/files.js';
import { SegprobeError } from '../shared/errors.js';
import { decodeSafetensors, encodeSafetensors } from '../shared/safetensors.js';
import { trainConfigSchema } from './config.js';
import type { NamedTensors } from './packing.js';

const score = z.number().nullable();

/** `state.json`: where the training stands and all that is needed to go on, apart from tensors. */
const stateSchema = z.object({
  version: z.literal(1),
  model: z.literal('enet'),
  /** Epochs that are complete. */
  epoch: z.number().int().nonnegative(),
  /** Steps done in the epoch that is not. */
  batch: z.number().int().nonnegative(),
  /** Steps done in all. Data order and dropout follow from the seed, the epoch and this number: the random state. */
  step: z.number().int().nonnegative(),
  /** Sum of the losses of the `batch` steps. */
  lossSum: z.number(),
  seconds: z.number().nonnegative(),
  best: z
    .object({
      epoch: z.number().int(),
      images: z.number().int(),
      miou: score,
      pixelAccuracy: score,
      iou: z.array(score),
    })
    .nullable(),
  metrics: z.array(z.record(z.string(), z.unknown())),
  classes: z.array(
    z.object({ name: z.string(), color: z.tuple([z.number(), z.number(), z.number()]) }),
  ),
  ignoreIndex: z.number().int(),
  classWeights: z.array(z.number()),
  config: trainConfigSchema,
});

export type TrainState = z.infer<typeof stateSchema>;

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

/**
 * Writes a checkpoint so that a crash leaves the old one or the new one: into a folder beside, which then takes the old one's
 * place. {@link readCheckpoint} finishes what a crash between the two renames has left.
 *
 * @throws SegprobeError `DISK_FULL` and others of the file system; the old checkpoint stays then.
 */
export async function writeCheckpoint(
  folder: string,
  { state, weights, optimizer }: Checkpoint,
): Promise<void> {
  const beside = besideOf(folder);
  const metadata = { format: 'pt', epoch: String(state.epoch), step: String(state.step) };
  try {
    await rm(beside.next, { recursive: true, force: true });
    await mkdir(beside.next, { recursive: true });
    const write = (name: string, contents: Uint8Array | string): Promise<void> =>
      writeFileWhole(path.join(beside.next, name), contents);
    await write(FILES.weights, encodeSafetensors(weights, metadata));
    await write(FILES.optimizer, encodeSafetensors(optimizer, metadata));
    await write(FILES.metrics, state.metrics.map((line) => `${JSON.stringify(line)}\n`).join(''));
    await write(FILES.summary, summaryOf(state));
    await write(FILES.state, `${JSON.stringify(state, null, 2)}\n`);
    await rm(beside.previous, { recursive: true, force: true });
    if (existsSync(folder)) await rename(folder, beside.previous);
    await rename(beside.next, folder);
    await rm(beside.previous, { recursive: true, force: true });
  } catch (error) {
    await restore(folder);
    await rm(beside.next, { recursive: true, force: true }).catch(() => undefined);
    throw fromFileError(error, folder);
  }
}

/**
 * Reads a checkpoint.
 *
 * @throws SegprobeError `CHECKPOINT_NOT_FOUND`, or `CHECKPOINT_INVALID` naming the file that is damaged and how.
 */
export async function readCheckpoint(folder: string): Promise<Checkpoint> {
  await restore(folder);
  if (!existsSync(path.join(folder, FILES.state))) {
    throw new SegprobeError(
      'CHECKPOINT_NOT_FOUND',
      `expected a checkpoint in ${folder}, got no ${FILES.state} there`,
    );
  }
  const state = await readState(path.join(folder, FILES.state));
  const [weights, optimizer] = [
    await readTensors(path.join(folder, FILES.weights), state),
    await readTensors(path.join(folder, FILES.optimizer), state),
  ];
  return { state, weights, optimizer };
}

/** Tells whether a checkpoint is there, or one that a crash left beside. */
export function hasCheckpoint(folder: string): boolean {
  return [folder, besideOf(folder).previous].some((place) =>
    existsSync(path.join(place, FILES.state)),
  );
}

/** Where the weights of a checkpoint lie, for whoever wants their bytes. */
export function weightsFileOf(folder: string): string {
  return path.join(folder, FILES.weights);
}

/**
 * Holds `save/NAME` for one training. The lock goes stale by itself when its process dies.
 *
 * @returns gives the lock back.
 * @throws SegprobeError `RUN_IN_PROGRESS` while another training holds it.
 */
export async function lockRun(folder: string): Promise<() => Promise<void>> {
  try {
    await mkdir(path.dirname(folder), { recursive: true });
    return await lockfile.lock(folder, { realpath: false, stale: 30_000, update: 5_000 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ELOCKED') throw fromFileError(error, folder);
    throw new SegprobeError(
      'RUN_IN_PROGRESS',
      `expected no other training of ${folder}, got one that is running; choose another --name, or wait for it (a training ` +
        'that was killed frees its name after half a minute)',
      { cause: error },
    );
  }
}

/** Puts the previous checkpoint back where a crash fell between moving it away and moving the new one in. */
async function restore(folder: string): Promise<void> {
  const { previous } = besideOf(folder);
  if (!existsSync(folder) && existsSync(previous)) await rename(previous, folder);
}

function besideOf(folder: string): { next: string; previous: string } {
  const [parent, name] = [path.dirname(folder), path.basename(folder)];
  return {
    next: path.join(parent, `.${name}.next`),
    previous: path.join(parent, `.${name}.previous`),
  };
}

async function readState(file: string): Promise<TrainState> {
  const text = Buffer.from(await readFileWhole(file)).toString('utf8');
  try {
    return stateSchema.parse(JSON.parse(text));
  } catch (error) {
    const issue = error instanceof z.ZodError ? error.issues[0] : undefined;
    const found =
      issue === undefined ? 'damaged JSON' : `${issue.path.join('.')}: ${issue.message}`;
    throw new SegprobeError(
      'CHECKPOINT_INVALID',
      `${file}: expected a training's state, got ${found}`,
      { cause: error },
    );
  }
}

async function readTensors(file: string, state: TrainState): Promise<NamedTensors> {
  try {
    const { tensors, metadata } = decodeSafetensors(await readFileWhole(file), file);
    if (metadata['step'] === String(state.step)) return tensors;
    throw new Error(`expected tensors of step ${state.step}, got step ${metadata['step']}`);
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    throw new SegprobeError('CHECKPOINT_INVALID', `damaged checkpoint: ${text}`, { cause: error });
  }
}

/** What a person wants to know of a training at a glance. */
function summaryOf({
  epoch,
  step,
  seconds,
  best,
  classes,
  ignoreIndex,
  config,
}: TrainState): string {
  const percent = (value: number | null): string =>
    value === null ? '–' : `${(100 * value).toFixed(2)} %`;
  const lines = [
    `ENet, ${classes.length} classes: ${epoch} epochs, ${step} steps, ${(seconds / 60).toFixed(1)} minutes`,
  ];
  if (best !== null) {
    lines.push(
      `best mIoU on val: ${percent(best.miou)} after epoch ${best.epoch}; pixel accuracy ${percent(best.pixelAccuracy)}`,
    );
    classes.forEach(({ name }, i) => {
      if (i !== ignoreIndex) lines.push(`  ${name.padEnd(14)} ${percent(best.iou[i] ?? null)}`);
    });
  }
  lines.push(
    '',
    ...Object.entries(config).map(([key, value]) => `${key}: ${JSON.stringify(value)}`),
  );
  return `${lines.join('\n')}\n`;
}
