import { setTimeout as sleep } from 'node:timers/promises';

/** How long a pool that closes waits for threads that have not started: much longer than models take to load. */
const PATIENCE_MS = 30_000;
const POLL_MS = 5;

/** How many threads of a pool have their models loaded, in memory that they share with the thread that made them. */
export type StartedThreads = Int32Array<SharedArrayBuffer>;

/** Makes the count, for the threads' `workerData`. */
export function createStartedThreads(): StartedThreads {
  return new Int32Array(new SharedArrayBuffer(4));
}

/** Tells, in a thread, that it has started: its models are loaded, or refused. */
export function reportStarted(started: StartedThreads): void {
  Atomics.add(started, 0, 1);
}

/**
 * Waits until so many threads have started. ONNX Runtime 1.30 aborts the process when a thread ends while it creates a session
 * there, so a pool must not end its threads before.
 */
export async function untilStarted(started: StartedThreads, threads: number): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (Atomics.load(started, 0) < threads && performance.now() < deadline) await sleep(POLL_MS);
}
