import { SegprobeError } from '../../shared/errors.js';

const MAX_SHOWN = 100;

/** Throws `FILE_INVALID`: `what: expected …, got …`. */
export function refuse(what: string, expected: string, found: string, cause?: unknown): never {
  throw new SegprobeError('FILE_INVALID', `${what}: expected ${expected}, got ${found}`, { cause });
}

/** Text out of a file, fit for a message: quoted, without control characters, short. */
export function quote(text: string): string {
  return JSON.stringify(text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text);
}
