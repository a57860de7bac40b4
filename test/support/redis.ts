import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { Redis } from 'ioredis';
import { scratchFolder } from './scratch-folder.js';

/** A Redis of a test's own, on a free port, that keeps what it was told in a file. */
export interface TestRedis {
  readonly url: string;
  /** Ends it as a crash does, and starts it again on the same port and file. */
  restart(): Promise<void>;
  /** Ends it, to be started again. */
  kill(): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** Whether there is a redis-server; a test that needs one skips where there is none. */
export function hasRedis(): boolean {
  return spawnSync('redis-server', ['--version']).status === 0;
}

/** Says why tests skip. */
export function noRedis(): void {
  process.stdout.write('      (no redis-server: apt-get install redis-server)\n');
}

/** Starts a Redis with an append-only file. */
export async function startRedis(): Promise<TestRedis> {
  const { folder, remove } = await scratchFolder();
  const port = await freePort();
  const url = `redis://127.0.0.1:${port}`;
  let child: ChildProcess | undefined;
  async function start(): Promise<void> {
    const args = ['--port', String(port), '--dir', folder, '--appendonly', 'yes', '--save', ''];
    child = spawn('redis-server', [...args, '--loglevel', 'warning'], { stdio: 'ignore' });
    const client = new Redis(url, { maxRetriesPerRequest: null, retryStrategy: () => 20 });
    client.on('error', () => undefined);
    await client.ping();
    client.disconnect();
  }
  async function kill(): Promise<void> {
    const ended = once(child!, 'exit');
    child!.kill('SIGKILL');
    await ended;
  }
  await start();
  return {
    ...{ url, start, kill },
    async restart() {
      await kill();
      await start();
    },
    async stop() {
      await kill();
      await remove();
    },
  };
}

/** A port that nobody has at the moment. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
