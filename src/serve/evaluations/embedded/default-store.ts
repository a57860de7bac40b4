import { homedir } from 'node:os';
import path from 'node:path';

/** Where evaluations are kept unless told otherwise: with what else programs keep of their state. */
export function defaultStore(): string {
  const state = process.env['XDG_STATE_HOME'] || path.join(homedir(), '.local', 'state');
  return path.join(state, 'segprobe', 'evaluations.db');
}
