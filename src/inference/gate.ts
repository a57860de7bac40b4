import { SegprobeError } from '../shared/errors.js';

export interface GateOptions {
  /** How many tasks run at once, 1 or more. */
  readonly running: number;
  /** How many may wait for a place, 0 or more; further ones are refused. */
  readonly waiting: number;
}

/** Lets a few tasks run, some wait in order, and refuses the rest. */
export interface Gate {
  /** Tasks that run now. */
  readonly running: number;
  /** Tasks that wait now. */
  readonly waiting: number;
  /**
   * Runs `task` when there is a place for it; the place is free again when the task has settled.
   *
   * @param signal - takes a waiting task out of the queue; a running one has to watch it itself.
   * @throws SegprobeError `QUEUE_FULL` at once when as many wait as may; `CANCELLED` when aborted while waiting.
   */
  run<T>(task: () => Promise<T>, signal?: AbortSignal): Promise<T>;
  /** Resolves when nothing runs and nothing waits. */
  idle(): Promise<void>;
}

/** Builds a gate. */
export function createGate(options: GateOptions): Gate {
  const queue: (() => void)[] = [];
  const idleListeners: (() => void)[] = [];
  let running = 0;

  async function enter(signal: AbortSignal | undefined): Promise<void> {
    assertNotAborted(signal);
    if (running < options.running) {
      running++;
      return;
    }
    if (queue.length >= options.waiting) {
      throw new SegprobeError(
        'QUEUE_FULL',
        `expected at most ${options.waiting} waiting tasks, got one more; try again in a moment`,
      );
    }
    await new Promise<void>((resolve, reject) => {
      const start = (): void => {
        signal?.removeEventListener('abort', drop);
        resolve();
      };
      const drop = (): void => {
        queue.splice(queue.indexOf(start), 1);
        reject(
          new SegprobeError('CANCELLED', 'cancelled while waiting', { cause: signal?.reason }),
        );
      };
      queue.push(start);
      signal?.addEventListener('abort', drop, { once: true });
    });
  }

  function leave(): void {
    const next = queue.shift();
    // The place goes straight to the next in line: `running` stays.
    if (next !== undefined) return next();
    running--;
    if (running === 0) for (const listener of idleListeners.splice(0)) listener();
  }

  return {
    get running() {
      return running;
    },
    get waiting() {
      return queue.length;
    },
    async run(task, signal) {
      await enter(signal);
      try {
        return await task();
      } finally {
        leave();
      }
    },
    async idle() {
      if (running > 0) await new Promise<void>((resolve) => idleListeners.push(resolve));
    },
  };
}

/** @throws SegprobeError `CANCELLED` if `signal` is aborted. */
export function assertNotAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) {
    throw new SegprobeError('CANCELLED', 'cancelled', { cause: signal.reason });
  }
}
