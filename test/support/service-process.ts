import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { scratchFolder } from './scratch-folder.js';
import { SLOW_SIZE } from './test-server.js';
import { writeTinyVictim } from './tiny-models.js';

const BIN = fileURLToPath(new URL('../../bin/segprobe.js', import.meta.url));

/** A service in a process of its own, with the models `tiny` and `slow`. */
export interface ServiceProcess {
  readonly url: string;
  readonly port: number;
  /** What it logged, a line a record. */
  readonly log: string[];
  /** Memory that it holds; Linux tells. */
  rssBytes(): number;
  stop(): Promise<void>;
}

/**
 * Starts one as a person does, on a free port.
 * @param maxHeapMib - of the objects in each of its threads: it dies of what leaks.
 */
export async function startServiceProcess(
  flags: readonly string[],
  { maxHeapMib }: { readonly maxHeapMib: number },
): Promise<ServiceProcess> {
  const { folder, remove } = await scratchFolder();
  await writeTinyVictim(folder, 'tiny');
  await writeTinyVictim(folder, 'slow', { facts: { inputSize: SLOW_SIZE }, ballast: 4 });
  const own = ['--models', folder, '--store', `${folder}/evaluations.db`, '--port', '0'];
  const child = spawn(process.execPath, [BIN, 'serve', ...own, ...flags], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NODE_OPTIONS: `--max-old-space-size=${maxHeapMib}` },
  });
  const log: string[] = [];
  createInterface(child.stderr).on('line', (line) => log.push(line));
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  const url = line.split(' ').at(-1)!;
  return {
    ...{ url, port: Number(new URL(url).port), log },
    rssBytes: () => {
      const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
      return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)![1]) * 1024;
    },
    stop: async () => {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
      await remove();
    },
  };
}
