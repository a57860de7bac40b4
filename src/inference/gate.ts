import { SegprobeError } from '../shared/errors.js';

export interface GateOptions {
  /** How many tasks run at once, 1 or more. */
  readonly running: number;
  /** How many may wait for a place at most, 0 or more; further ones are refused. */
  readonly waiting: number;
  /**
   * How long the last of them may have to wait, as tasks have taken lately: no more may wait than that allows, and at least as many
   * as run. @defaultValue any time
   */
  readonly maxWaitMs?: number | undefined;
}

/** Lets a few tasks run, some wait, and refuses the rest. */
export interface Gate {
  /** Tasks that run now. */
  readonly running: number;
  /** Tasks that wait now. */
  readonly waiting: number;
  /** Tasks that may wait now. */
  readonly mayWait: number;
  /**
   * Runs `task` when there is a place for it; the place is free again when the task has settled.
   *
   * Each lane waits in order, and the lanes take turns: whoever asks for much waits for itself. When as many wait as may, a task of a
   * shorter lane takes the place of the last one of the longest.
   *
   * @param signal - takes a waiting task out of the queue; a running one has to watch it itself.
   * @param lane - whose task it is, e.g. a client. @defaultValue one lane for all
   * @throws SegprobeError `QUEUE_FULL` when as many wait as may; `CANCELLED` when aborted while waiting.
   */
  run<T>(task: () => Promise<T>, signal?: AbortSignal, lane?: string): Promise<T>;
  /**
   * Refuses what {@link Gate.run} would refuse now, before anything is prepared.
   * @throws SegprobeError `QUEUE_FULL`.
   */
  assertRoom(lane?: string): void;
  /** Resolves when nothing runs and nothing waits. */
  idle(): Promise<void>;
}

/** What the latest task counts for in the mean time of all: some twenty are remembered. */
const LATEST = 0.1;

/** A task that waits. */
interface Waiter {
  readonly start: () => void;
  readonly refuse: () => void;
}

/** Builds a gate. */
export function createGate(options: GateOptions): Gate {
  // Only lanes with a waiter, the one whose turn is next first.
  const lanes = new Map<string, Waiter[]>();
  const idleListeners: (() => void)[] = [];
  let running = 0;
  let waiting = 0;
  /** How long a task takes; unknown before the first. */
  let meanMs: number | undefined;

  function mayWait(): number {
    const { maxWaitMs = Infinity } = options;
    if (meanMs === undefined || maxWaitMs === Infinity) return options.waiting;
    const inTime = Math.floor((maxWaitMs * options.running) / meanMs);
    return Math.min(options.waiting, Math.max(options.running, inTime));
  }

  function observe(ms: number): void {
    meanMs = meanMs === undefined ? ms : meanMs + LATEST * (ms - meanMs);
  }

  async function enter(signal: AbortSignal | undefined, lane: string): Promise<void> {
    assertNotAborted(signal);
    if (running < options.running) {
      running++;
      return;
    }
    makeRoomFor(lane);
    await new Promise<void>((resolve, reject) => {
      const settle = (finish: () => void) => (): void => {
        signal?.removeEventListener('abort', drop);
        finish();
      };
      const waiter: Waiter = {
        start: settle(resolve),
        refuse: settle(() => reject(queueFull(mayWait()))),
      };
      const drop = (): void => {
        remove(lane, waiter);
        reject(
          new SegprobeError('CANCELLED', 'cancelled while waiting', { cause: signal?.reason }),
        );
      };
      lanes.set(lane, [...(lanes.get(lane) ?? []), waiter]);
      waiting++;
      signal?.addEventListener('abort', drop, { once: true });
    });
  }

  /** Whose last waiter would give way; none while there is room. */
  function laneThatGivesWayTo(lane: string): [string, Waiter[]] | undefined {
    const most = mayWait();
    if (running < options.running || waiting < most) return undefined;
    const [longest, waiters] = [...lanes].reduce<[string, Waiter[]]>(
      (found, one) => (one[1].length > found[1].length ? one : found),
      ['', []],
    );
    const own = lanes.get(lane)?.length ?? 0;
    if (waiters.length <= own + 1) throw queueFull(most);
    return [longest, waiters];
  }

  function makeRoomFor(lane: string): void {
    const giving = laneThatGivesWayTo(lane);
    if (giving === undefined) return;
    const last = giving[1].at(-1)!;
    remove(giving[0], last);
    last.refuse();
  }

  function remove(lane: string, waiter: Waiter): void {
    const left = lanes.get(lane)!.filter((other) => other !== waiter);
    if (left.length > 0) lanes.set(lane, left);
    else lanes.delete(lane);
    waiting--;
  }

  function leave(): void {
    const [next] = lanes;
    if (next !== undefined) {
      const [lane, [waiter, ...others]] = next;
      // To the end of the turn.
      lanes.delete(lane);
      if (others.length > 0) lanes.set(lane, others);
      waiting--;
      // The place goes straight to the next in line: `running` stays.
      waiter!.start();
      return;
    }
    running--;
    if (running === 0) for (const listener of idleListeners.splice(0)) listener();
  }

  return {
    get running() {
      return running;
    },
    get waiting() {
      return waiting;
    },
    get mayWait() {
      return mayWait();
    },
    async run(task, signal, lane = '') {
      await enter(signal, lane);
      const start = performance.now();
      try {
        return await task();
      } finally {
        observe(performance.now() - start);
        leave();
      }
    },
    assertRoom: (lane = '') => void laneThatGivesWayTo(lane),
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

function queueFull(most: number): SegprobeError {
  return new SegprobeError(
    'QUEUE_FULL',
    `expected at most ${most} waiting tasks, got one more; try again in a moment`,
  );
}
