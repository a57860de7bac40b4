import { batch } from '@preact/signals';
import { messageOf } from '../shared/errors.js';
import * as state from './state.js';

/** Says what is waited for. */
export function say(words: string): void {
  state.status.value = { kind: 'busy', words };
}

/** Shows what went wrong; what was computed before stays. */
export function fail(error: unknown): void {
  batch(() => {
    state.fault.value = messageOf(error);
    state.failures.value++;
    const kind = state.answer.peek() === null ? 'fault' : 'ready';
    state.status.value = { kind, words: 'stopped' };
  });
}

/** Does something that a person asked for, and shows it where it goes wrong. */
export async function attempt(act: () => Promise<void>): Promise<void> {
  state.fault.value = null;
  try {
    await act();
  } catch (error) {
    fail(error);
  }
}
