import { type Remote, wrap } from 'comlink';
import type { Studio } from './worker/studio.js';

/** The thread that works on pictures. */
export const studio: Remote<Studio> = wrap<Studio>(
  new Worker(new URL('./worker/studio-worker.ts', import.meta.url), { type: 'module' }),
);
