import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';

/** Runs each time it is asked: the first wakes its threads and is not counted; of the others the least is. */
const RUNS = 8;
/** Until the threads of whoever ran before have stopped to spin. */
const PAUSE_MS = 300;

/** A process that runs one thing each time it is asked, and says how long it took. */
export interface Contestant {
  /** Of each round that was kept, the least of its runs; no more come once the process has ended. */
  readonly milliseconds: readonly number[];
  readonly peakRssBytes: number;
  /** Runs a few times. @param kept - whether it counts. */
  run(kept: boolean): Promise<void>;
  stop(): void;
}

/** Starts a program that answers each line on stdin, a number of runs, with its peak memory in bytes and the milliseconds of each. */
export function startContestant(program: string, args: readonly string[]): Contestant {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'ignore'] });
  child.on('error', () => undefined);
  child.stdin.on('error', () => undefined);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const milliseconds: number[] = [];
  let peak = 0;
  return {
    milliseconds,
    get peakRssBytes() {
      return peak;
    },
    run: async (kept) => {
      await setTimeout(PAUSE_MS);
      child.stdin.write(`${RUNS}\n`);
      const line = await lines.next();
      if (line.done === true) return;
      const [rss, ...taken] = line.value.split(' ').map(Number) as [number, ...number[]];
      peak = rss;
      if (kept) milliseconds.push(Math.min(...taken.slice(1)));
    },
    stop: () => child.stdin.end(),
  };
}
