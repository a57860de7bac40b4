import { z } from 'zod';
import { SegprobeError } from '../shared/errors.js';
import { sha256Of } from './sha256.js';

/** What a checkpoint may be of. A `state.json` that does not say is a victim's. */
export type CheckpointKind = 'victim' | 'attacker';

/** SHA-256 of the files beside `state.json`, by name: a bit that flips on the disk is noticed. */
export type FileHashes = Readonly<Record<string, string>>;

/** What stands in `state.json` beside the state. Checkpoints of other makers may lack it. */
const integritySchema = z.object({
  /** Of the whole of `state.json` but this line. */
  sha256: z.string().optional(),
  files: z.record(z.string(), z.string()).optional(),
});

/** Writes out `state.json`. */
export function encodeState(state: object, files: FileHashes): string {
  const body = { ...state, files };
  return `${JSON.stringify({ ...body, sha256: hashOf(body) }, null, 2)}\n`;
}

/**
 * Reads the JSON of `state.json`, as yet of no kind.
 *
 * @param file - names it in messages.
 * @throws SegprobeError `CHECKPOINT_INVALID`
 */
export function parseState(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw invalid(file, "a training's state", 'damaged JSON', error);
  }
}

/** What a state says that it is of. */
export function kindOf(json: unknown): CheckpointKind {
  const { kind } = (json ?? {}) as { kind?: unknown };
  return kind === 'attacker' ? 'attacker' : 'victim';
}

/**
 * Checks what {@link parseState} gave.
 *
 * @param file - names it in messages.
 * @throws SegprobeError `CHECKPOINT_INVALID` saying what is wrong with it.
 */
export function decodeState<State>(
  json: unknown,
  schema: z.ZodType<State>,
  file: string,
): { state: State; files: FileHashes } {
  const state = checked(json, schema, file);
  const { sha256, files = {} } = checked(json, integritySchema, file);
  if (sha256 !== undefined) {
    const body = { ...(json as Record<string, unknown>) };
    delete body['sha256'];
    const found = hashOf(body);
    if (found !== sha256) {
      throw invalid(file, `contents of SHA-256 ${sha256}`, `${found}: it was changed or damaged`);
    }
  }
  return { state, files };
}

function checked<T>(json: unknown, schema: z.ZodType<T>, file: string): T {
  const result = schema.safeParse(json);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const found = `${issue!.path.join('.') || 'it'}: ${issue!.message}`;
  throw invalid(file, "a training's state", found, result.error);
}

/** Of the contents, not of how they are laid out. */
function hashOf(body: object): string {
  return sha256Of(JSON.stringify(body));
}

function invalid(file: string, expected: string, found: string, cause?: unknown): SegprobeError {
  return new SegprobeError('CHECKPOINT_INVALID', `${file}: expected ${expected}, got ${found}`, {
    cause,
  });
}
