import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { testPicture, toPng } from '../support/rgb-pictures.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { SLOW_SIZE, postPicture } from '../support/test-server.js';
import { writeTinyVictim } from '../support/tiny-models.js';

const BIN = fileURLToPath(new URL('../../bin/segprobe.js', import.meta.url));

describe('segprobe serve', () => {
  let folder: string;
  let remove: () => Promise<void>;
  let child: ChildProcess | undefined;
  before(async () => {
    ({ folder, remove } = await scratchFolder());
    await writeTinyVictim(folder, 'slow', { facts: { inputSize: SLOW_SIZE }, ballast: 8 });
  });
  afterEach(() => child?.kill('SIGKILL'));
  after(() => remove());

  function run(...args: string[]): ChildProcess {
    child = spawn(
      process.execPath,
      [BIN, 'serve', '--models', folder, '--store', `${folder}/evaluations.db`, ...args],
      {
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    return child;
  }

  async function outcomeOf(process: ChildProcess): Promise<{ code: number; stderr: string }> {
    let stderr = '';
    process.stderr!.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    const [code] = (await once(process, 'close')) as [number];
    return { code, stderr };
  }

  async function firstLineOf(process: ChildProcess): Promise<string> {
    const [line] = (await once(createInterface(process.stdout!), 'line')) as [string];
    return line;
  }

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    it(`prints its address, and on ${signal} finishes what is in flight and exits with 0`, async () => {
      const process = run('--port', '0');
      const outcome = outcomeOf(process);
      const url = /^segprobe serves (http:\/\/127\.0\.0\.1:\d+)$/.exec(
        await firstLineOf(process),
      )![1]!;
      assert.equal((await fetch(`${url}/readyz`)).status, 200);
      const picture = await toPng(testPicture(SLOW_SIZE.width, SLOW_SIZE.height));
      const slow = postPicture(`${url}/segment?format=json`, picture);
      await new Promise((resolve) => setTimeout(resolve, 100));
      process.kill(signal);
      const response = await slow;
      assert.equal(response.status, 200);
      assert.equal(((await response.json()) as { width: number }).width, SLOW_SIZE.width);
      const { code, stderr } = await outcome;
      assert.equal(code, 0, stderr);
      assert.match(stderr, /finishing the requests in flight/);
    });
  }

  it('takes models up on SIGHUP and serves on', async () => {
    const process = run('--port', '0', '--no-watch');
    const lines = createInterface({ input: process.stderr! });
    const url = (await firstLineOf(process)).split(' ').at(-1)!;
    await writeTinyVictim(folder, 'tiny');
    process.kill('SIGHUP');
    for await (const line of lines) if (line.includes('took up the models')) break;
    const { models } = (await (await fetch(`${url}/models`)).json()) as { models: unknown[] };
    assert.equal(models.length, 2);
  });

  it('says in one line that the port is taken and exits with 1', async () => {
    const blocker = createServer().listen(0, '127.0.0.1');
    await once(blocker, 'listening');
    const { port } = blocker.address() as AddressInfo;
    const { code, stderr } = await outcomeOf(run('--port', String(port)));
    blocker.close();
    assert.equal(code, 1);
    assert.match(
      stderr,
      new RegExp(`^segprobe: .*port ${port}, got a port that another program uses.*\n$`),
    );
  });

  it('refuses an open address without a key as wrong usage', async () => {
    const { code, stderr } = await outcomeOf(run('--host', '0.0.0.0', '--port', '0'));
    assert.equal(code, 2);
    assert.match(stderr, /SEGPROBE_API_KEY/);
  });

  it('keeps evaluations in memory, and says so, where the usual store cannot be had', async function () {
    this.timeout(60_000);
    child = spawn(process.execPath, [BIN, 'serve', '--models', folder, '--port', '0'], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, XDG_STATE_HOME: '/dev/null' },
    });
    const outcome = outcomeOf(child);
    assert.match(await firstLineOf(child), /^segprobe serves/);
    child.kill('SIGTERM');
    const { code, stderr } = await outcome;
    assert.equal(code, 0, stderr);
    assert.match(stderr, /evaluations\.db: expected .*; evaluations are kept in memory/);
  });

  it('says what makes a model where there is none', async () => {
    const { code, stderr } = await outcomeOf(run('--models', `${folder}/none`));
    assert.equal(code, 1);
    assert.match(stderr, /npx segprobe export --name NAME.*\[MODEL_NOT_FOUND\]/);
  });
});
