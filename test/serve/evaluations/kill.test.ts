import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Config } from '../../../src/serve/config/schema.js';
import { createRandom } from '../../../src/shared/random.js';
import {
  endOf,
  type EvaluationFolder,
  evaluationFolder,
  type EvaluationJson,
  postEvaluation,
  startEvaluationServer,
  withoutSpeed,
} from '../../support/evaluation-server.js';
import { freePort, hasRedis, noRedis, startRedis } from '../../support/redis.js';

/** How often something is killed; `SEGPROBE_KILLS=50` is what the project promises. */
const KILLS = Number(process.env['SEGPROBE_KILLS'] ?? 8);
const SEED = Number(process.env['SEGPROBE_SEED'] ?? Date.now() % 1e6);
/** A process lives so long at most: from its start, or more often from when it is ready. */
const MOST_MS = 2000;
const SHARE_WHILE_STARTING = 0.25;
const SCENES = 300;
const PROCESS = fileURLToPath(new URL('../../support/evaluation-process.ts', import.meta.url));
const ASKED = { dataset: 'scenes', split: 'val', victim: 'slow', attacker: 'shift' };

describe(`evaluations while processes are killed (SEGPROBE_SEED=${SEED})`, function () {
  this.timeout(120_000 + KILLS * 40_000);
  const random = createRandom(SEED);
  const running = new Map<string, ChildProcess>();
  let files: EvaluationFolder;
  let expected: object;
  before(async function () {
    if (!process.env['SEGPROBE_SLOW']) this.skip();
    files = await evaluationFolder(SCENES, {
      facts: { inputSize: { height: 48, width: 64 } },
      ballast: 2,
    });
    const server = await startEvaluationServer(files);
    expected = withoutSpeed(
      (await endOf(server.url, await submit(server.url, 'undisturbed'))).result,
    );
    await server.close();
  });
  afterEach(() => {
    [done, amid] = [0, 0];
    for (const child of running.values()) child.kill('SIGKILL');
    running.clear();
  });
  after(() => files?.remove());

  function start(name: string, kind: 'server' | 'worker', config: Partial<Config>): void {
    const datasets = { scenes: { layout: 'folder', dir: files.scenes } };
    const own = { models: files.models, datasets, workers: 1, ...config };
    const args = ['--import', 'tsx', PROCESS, kind, JSON.stringify(own)];
    running.set(name, spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] }));
  }

  async function kill(name: string): Promise<void> {
    const child = running.get(name)!;
    assert.equal(child.exitCode, null, `${name} ended by itself`);
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }

  /** Asks until it is told that the evaluation is taken in: the key makes that once. */
  async function submit(url: string, key: string): Promise<string> {
    const response = await persist(() => postEvaluation(url, ASKED, { 'Idempotency-Key': key }));
    return ((await response.json()) as EvaluationJson).id;
  }

  /** What was last seen of the evaluation at hand, and how many were killed in the middle of one. */
  let done = 0;
  let amid = 0;
  const isAmid = (): boolean => done > 0 && done < SCENES;

  /** Sees to it that there is always something to do, until all is killed; then waits for every end. */
  async function evaluateWhile(url: string, killing: Promise<void>): Promise<number> {
    let isKilling = true;
    killing.finally(() => (isKilling = false)).catch(() => undefined);
    const ids: string[] = [];
    while (isKilling) {
      const id = await submit(url, `evaluation ${ids.length}`);
      ids.push(id);
      while (isKilling && !(await hasEnded(url, id))) await sleep(50);
    }
    await killing;
    for (const id of ids) {
      while (!(await hasEnded(url, id))) await sleep(50);
      const found = (await (await fetch(`${url}/evaluations/${id}`)).json()) as EvaluationJson;
      assert.deepEqual([found.state, found.failedReason], ['completed', null]);
      assert.deepEqual(found.progress, { done: SCENES, total: SCENES });
      assert.deepEqual(withoutSpeed(found.result), expected);
    }
    const list = await (await fetch(`${url}/evaluations?limit=999`)).json();
    assert.equal((list as { evaluations: object[] }).evaluations.length, ids.length);
    return ids.length;
  }

  async function hasEnded(url: string, id: string): Promise<boolean> {
    const response = await persist(() => fetch(`${url}/evaluations/${id}`));
    const { state, progress } = (await response.json()) as EvaluationJson;
    done = progress.done;
    return !['waiting', 'active'].includes(state);
  }

  it(`gives the undisturbed result though its server is killed ${KILLS} times`, async () => {
    const port = await freePort();
    const config = { port, store: path.join(files.folder, 'killed.db') };
    const url = `http://127.0.0.1:${port}`;
    start('server', 'server', config);
    const killing = (async () => {
      for (let i = 0; i < KILLS; i++) {
        const [isStarting, ms] = [random() < SHARE_WHILE_STARTING, random() * MOST_MS];
        if (!isStarting) await persist(() => fetch(`${url}/readyz`));
        await sleep(ms);
        if (isAmid()) amid++;
        await kill('server');
        start('server', 'server', config);
      }
    })();
    const count = await evaluateWhile(url, killing);
    process.stdout.write(`      ${count} evaluations, ${amid} of ${KILLS} kills amid one\n`);
  });

  it(`gives it though server, workers and Redis are killed ${KILLS} times`, async function () {
    if (!hasRedis()) {
      noRedis();
      this.skip();
    }
    const redis = await startRedis();
    const port = await freePort();
    const config = { port, redis: redis.url };
    start('server', 'server', config);
    for (const name of ['worker 1', 'worker 2']) start(name, 'worker', { redis: redis.url });
    const killed: Record<string, number> = {};
    const killing = (async () => {
      for (let i = 0; i < KILLS; i++) {
        await sleep(random() * MOST_MS);
        const name = ['server', 'worker 1', 'worker 2', 'worker 1', 'worker 2', 'redis'][
          Math.floor(random() * 6)
        ]!;
        killed[name] = (killed[name] ?? 0) + 1;
        if (isAmid()) amid++;
        if (name === 'redis') await redis.restart();
        else {
          await kill(name);
          start(
            name,
            name === 'server' ? 'server' : 'worker',
            name === 'server' ? config : { redis: redis.url },
          );
        }
      }
    })();
    try {
      const count = await evaluateWhile(`http://127.0.0.1:${port}`, killing);
      process.stdout.write(
        `      ${count} evaluations, killed ${JSON.stringify(killed)}, ${amid} times amid one\n`,
      );
    } finally {
      await redis.stop();
    }
  });
});

/** Asks until there is an answer that is none of a service that stands or starts. */
async function persist(ask: () => Promise<Response>): Promise<Response> {
  for (;;) {
    const response = await ask().catch(() => undefined);
    if (response !== undefined && response.status < 300) return response;
    if (response !== undefined && response.status !== 503) assert.fail(await response.text());
    await sleep(20);
  }
}
