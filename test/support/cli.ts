import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const BIN = fileURLToPath(new URL('../../bin/segprobe.js', import.meta.url));

export interface Outcome {
  /** The exit code; null where a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A running `segprobe`. */
export interface Segprobe {
  readonly child: ChildProcess;
  readonly outcome: Promise<Outcome>;
  /** Waits until stderr holds `pattern`. @throws where the process ends before. */
  saw(pattern: RegExp): Promise<void>;
}

/** Starts the real program as a person does, without a terminal. */
export function startSegprobe(...args: readonly string[]): Segprobe {
  const child = spawn(process.execPath, [BIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const outcome = once(child, 'close').then(([code]) => ({
    code: code as number | null,
    stdout,
    stderr,
  }));
  return {
    child,
    outcome,
    saw: async (pattern) => {
      while (!pattern.test(stderr)) {
        const ended = await Promise.race([once(child.stderr, 'data'), outcome]);
        if ('code' in ended) throw new Error(`expected ${pattern} before its end, got ${stderr}`);
      }
    },
  };
}

/** Runs the real program to its end. */
export function segprobe(...args: readonly string[]): Promise<Outcome> {
  return startSegprobe(...args).outcome;
}

/**
 * Runs several command lines one after the other in one process, for what ends before it computes. A process of its own, since
 * mocha loads files by `require` and commands come by `import`: there would be two of each module.
 */
export async function runMains(commandLines: readonly (readonly string[])[]): Promise<Outcome[]> {
  const script = fileURLToPath(new URL('run-mains.ts', import.meta.url));
  const args = ['--import', 'tsx', script, JSON.stringify(commandLines)];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return JSON.parse(stdout) as Outcome[];
}
