import { createHash } from 'node:crypto';
import { z } from 'zod';
import { SegprobeError } from '../shared/errors.js';
import { trainConfigSchema } from './config.js';

const score = z.number().nullable();

/** `state.json`: where the training stands and all that is needed to go on, apart from tensors. */
const stateSchema = z.object({
  version: z.literal(1),
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
  /** Scenes an epoch takes. */
  scenes: z.number().int().positive().optional(),
  config: trainConfigSchema,
});

export type TrainState = z.infer<typeof stateSchema>;

/** SHA-256 of the files beside `state.json`, by name: a bit that flips on the disk is noticed. */
export type FileHashes = Readonly<Record<string, string>>;

/** What stands in `state.json` beside the state. Checkpoints of other makers may lack it. */
const integritySchema = z.object({
  /** Of the whole of `state.json` but this line. */
  sha256: z.string().optional(),
  files: z.record(z.string(), z.string()).optional(),
});

/** Writes out `state.json`. */
export function encodeState(state: TrainState, files: FileHashes): string {
  const body = { ...state, files };
  return `${JSON.stringify({ ...body, sha256: hashOf(body) }, null, 2)}\n`;
}

/**
 * Reads `state.json`.
 *
 * @param file - names it in messages.
 * @throws SegprobeError `CHECKPOINT_INVALID` saying what is wrong with it.
 */
export function decodeState(text: string, file: string): { state: TrainState; files: FileHashes } {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw invalid(file, "a training's state", 'damaged JSON', error);
  }
  const state = stateSchema.safeParse(json);
  if (!state.success) throw invalid(file, "a training's state", issueOf(state.error), state.error);
  const integrity = integritySchema.safeParse(json);
  if (!integrity.success) {
    throw invalid(file, "a training's state", issueOf(integrity.error), integrity.error);
  }
  const { sha256, files = {} } = integrity.data;
  if (sha256 !== undefined) {
    const body = { ...(json as Record<string, unknown>) };
    delete body['sha256'];
    const found = hashOf(body);
    if (found !== sha256) {
      throw invalid(file, `contents of SHA-256 ${sha256}`, `${found}: it was changed or damaged`);
    }
  }
  return { state: state.data, files };
}

/** The SHA-256 of bytes, in hexadecimal. */
export function sha256Of(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Of the contents, not of how they are laid out. */
function hashOf(body: object): string {
  return sha256Of(JSON.stringify(body));
}

function issueOf(error: z.ZodError): string {
  const [issue] = error.issues;
  return `${issue!.path.join('.') || 'it'}: ${issue!.message}`;
}

function invalid(file: string, expected: string, found: string, cause?: unknown): SegprobeError {
  return new SegprobeError('CHECKPOINT_INVALID', `${file}: expected ${expected}, got ${found}`, {
    cause,
  });
}
