import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Size } from '../src/data/dataset.js';
import { median } from './benchmark.js';
import { peersPython } from './python.js';

/** PyTorch in a process of its own, which takes one step each time it is asked. */
export interface Peer {
  /** Seconds of each step so far; no more come once the process has ended. */
  readonly seconds: readonly number[];
  readonly peakRssBytes: number;
  step(): Promise<void>;
  stop(): void;
}

/** Starts a script of bench/peers with batch, height, width and mode as arguments. */
export function startPeer(
  name: string,
  [batch, { height, width }]: readonly [number, Size],
  mode: 'eager' | 'compiled',
): Peer {
  const script = fileURLToPath(new URL(`./peers/${name}.py`, import.meta.url));
  const sizes = [batch, height, width].map(String);
  const child = spawn(peersPython(), [script, ...sizes, mode], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  child.on('error', () => undefined);
  child.stdin.on('error', () => undefined);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const seconds: number[] = [];
  let peak = 0;
  return {
    seconds,
    get peakRssBytes() {
      return peak;
    },
    step: async () => {
      child.stdin.write('step\n');
      const line = await lines.next();
      if (line.done === true) return;
      const [taken, bytes] = line.value.split(' ').map(Number) as [number, number];
      seconds.push(taken);
      peak = bytes;
    },
    stop: () => child.stdin.end(),
  };
}

/** The first steps compile and warm up. */
export const WARM_UP = 2;

/** A peer's figures, and ours over its: the ratio of neighbours in time, so that a slow minute of the machine counts for both. */
export function compared(
  ours: readonly number[],
  { seconds, peakRssBytes }: Peer,
): { medianSeconds: number; peakRssBytes: number; ratio: number } | undefined {
  if (seconds.length < ours.length) return undefined;
  const ratios = ours.slice(WARM_UP).map((own, i) => own / seconds[i + WARM_UP]!);
  return { medianSeconds: median(seconds.slice(WARM_UP)), peakRssBytes, ratio: median(ratios) };
}
