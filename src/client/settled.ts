import { effect } from '@preact/signals';
import { answerNumber, failures } from './state.js';

/** Waits for the next answer, or for the next failure. */
export function settled(): Promise<void> {
  const countOf = (): number => answerNumber.value + failures.value;
  const before = answerNumber.peek() + failures.peek();
  return new Promise((resolve) => {
    const stop = effect(() => {
      if (countOf() === before) return;
      // Not within the effect that is still being made.
      queueMicrotask(() => stop());
      resolve();
    });
  });
}
