import { spawn } from 'node:child_process';
import { basename } from 'node:path';

/** How a program is run. */
export interface RunOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** @defaultValue no limit */
  readonly timeoutMs?: number;
  /** `show` sends what the program prints to our stderr, as it comes. @defaultValue 'keep' */
  readonly output?: 'keep' | 'show';
}

/**
 * Runs a program to its end.
 *
 * @param command - the program and its arguments.
 * @returns what it wrote to stdout (nothing with `output: 'show'`).
 * @throws Error with what the program said of it when it cannot start, fails, is killed, or runs too long.
 */
export function run(command: readonly string[], options: RunOptions): Promise<string> {
  const [program, ...args] = command as readonly [string, ...string[]];
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      env: options.env,
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      // Not spawn's own timeout: its timer outlives a program that cannot start, and holds our process.
      ...(options.timeoutMs === undefined
        ? {}
        : { signal: AbortSignal.timeout(options.timeoutMs) }),
      stdio: ['ignore', options.output === 'show' ? 2 : 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.on('error', (error) => {
      const why = error.name === 'AbortError' ? 'ran too long' : error.message;
      reject(new Error(`${basename(program)}: ${why}`, { cause: error }));
    });
    child.on('close', (code, signal) => {
      if (code === 0) return resolve(stdout);
      const end = signal === null ? `ended with code ${code}` : `was stopped by ${signal}`;
      reject(
        new Error(
          `${basename(program)} ${end}: ${complaint(stderr) || complaint(stdout) || 'it said nothing'}`,
        ),
      );
    });
  });
}

/** What a program said of its failure, on one line: the lines that name an error, or else the last ones. */
function complaint(text: string): string {
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const errors = lines.filter((line) => /\b\w*error:|\bfatal\b/i.test(line));
  // A compiler's first error explains the others; pip's last one does.
  const telling = errors.length > 0 ? [errors[0]!, errors.at(-1)!] : lines.slice(-3);
  return [...new Set(telling)].map((line) => line.slice(0, 400)).join(' | ');
}
