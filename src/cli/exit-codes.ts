/** What a process says by its exit code. */
export const EXIT = { done: 0, failed: 1, usage: 2, gate: 4, interrupted: 130 } as const;
