import { setImmediate } from 'node:timers/promises';

/** Lets signals, timers and finished reads have their turn between two long native calls. */
export function yieldToEvents(): Promise<void> {
  return setImmediate();
}
