import assert from 'node:assert/strict';
import path from 'node:path';
import { Queue } from 'bullmq';
import { pino } from 'pino';
import { DEFAULT_CONFIG } from '../../../src/serve/config/schema.js';
import { openModels } from '../../../src/inference/open-model.js';
import { startWorker } from '../../../src/serve/evaluations/distributed/start-worker.js';
import type { Runner } from '../../../src/serve/evaluations/runner.js';
import type { RunningServer } from '../../../src/serve/server.js';
import { startSegprobe } from '../../support/cli.js';
import {
  endOf,
  type EvaluationFolder,
  evaluationFolder,
  type EvaluationJson,
  eventsOf,
  postEvaluation,
  startEvaluationServer,
  withoutSpeed,
} from '../../support/evaluation-server.js';
import { hasRedis, noRedis, startRedis, type TestRedis } from '../../support/redis.js';
import { tinyFiles, zipOf } from '../../support/tiny-folder.js';

const SCENES = 70;
const ASKED = { dataset: 'scenes', split: 'val', victim: 'tiny', attacker: 'shift' };
const logger = pino({ level: 'silent' });

describe('/evaluations on Redis', function () {
  this.timeout(60_000);
  let files: EvaluationFolder;
  let redis: TestRedis;
  let server: RunningServer;
  let url: string;
  const workers: Runner[] = [];
  let expected: object;

  before(async function () {
    if (!hasRedis()) {
      noRedis();
      this.skip();
    }
    files = await evaluationFolder(SCENES);
    const embedded = await startEvaluationServer(files);
    const { id } = (await (await postEvaluation(embedded.url, ASKED)).json()) as EvaluationJson;
    expected = withoutSpeed((await endOf(embedded.url, id)).result);
    await embedded.close();
    redis = await startRedis();
    server = await startEvaluationServer(files, { redis: redis.url });
    ({ url } = server);
  });
  afterEach(async () => {
    for (const worker of workers.splice(0)) await worker.close();
  });
  after(async () => {
    await server?.close();
    await redis?.stop();
    await files?.remove();
  });

  async function work(
    options: Partial<Parameters<typeof startWorker>[0]> = {},
    models = files.models,
  ): Promise<void> {
    const datasets = { scenes: { layout: 'folder', dir: files.scenes } };
    const config = { ...DEFAULT_CONFIG, redis: redis.url, datasets, workers: 1, ...options };
    workers.push(await startWorker(config, { models: await openModels(models), logger }));
  }

  async function submit(body: object, to = url): Promise<string> {
    const response = await postEvaluation(to, body);
    assert.equal(response.status, 202, await response.clone().text());
    return ((await response.json()) as EvaluationJson).id;
  }

  it('waits without a worker; two workers give the result of one process, to the last bit', async () => {
    const id = await submit(ASKED);
    const waiting = (await (await fetch(`${url}/evaluations/${id}`)).json()) as EvaluationJson;
    assert.equal(waiting.state, 'waiting');
    const events = eventsOf(url, id);
    await Promise.all([work(), work()]);
    const names = (await events).map(({ event }) => event);
    assert.deepEqual([names[0], names.at(-1)], ['waiting', 'completed']);
    assert.ok(names.includes('progress'));
    const { state, result, progress } = await endOf(url, id);
    assert.deepEqual([state, progress], ['completed', { done: SCENES, total: SCENES }]);
    assert.deepEqual(withoutSpeed(result), expected);
    const page = await fetch(`${url}/evaluations/${id}/report`);
    assert.equal(page.status, 200);
  });

  it('is one list for two servers, with the same idempotency and pages', async () => {
    const other = await startEvaluationServer(files, { redis: redis.url });
    await work();
    try {
      const headers = { 'Idempotency-Key': 'both' };
      const answers = await Promise.all(
        [url, other.url].map((one) => postEvaluation(one, { ...ASKED, limit: 4 }, headers)),
      );
      const ids = await Promise.all(
        answers.map(async (one) => ((await one.json()) as EvaluationJson).id),
      );
      assert.equal(ids[0], ids[1]);
      await endOf(other.url, ids[0]!);
      const reused = await postEvaluation(other.url, ASKED, headers);
      assert.equal(((await reused.json()) as { code: string }).code, 'IDEMPOTENCY_KEY_REUSED');
      const pages: string[] = [];
      let next: string | null = '/evaluations?limit=1&state=completed';
      while (next !== null) {
        const page = (await (await fetch(other.url + next)).json()) as {
          evaluations: EvaluationJson[];
          next: string | null;
        };
        pages.push(...page.evaluations.map(({ id }) => id));
        ({ next } = page);
      }
      assert.deepEqual(pages, [...new Set(pages)].sort().reverse());
      assert.ok(pages.includes(ids[0]!));
    } finally {
      await other.close();
    }
  });

  it('keeps a shard that is counted twice once', async () => {
    const id = await submit(ASKED);
    const queue = new Queue('shards', { connection: { url: redis.url }, prefix: '{segprobe}' });
    // The same shards by other jobs: a lost lock does the same.
    for (const shard of [0, 1, 5])
      await queue.add('shard', { id, shard }, { jobId: `again-${shard}` });
    await Promise.all([work(), work()]);
    const { result } = await endOf(url, id);
    assert.deepEqual(withoutSpeed(result), expected);
    await queue.close();
  });

  it('cancels, and leaves nothing of it in the queue', async () => {
    const id = await submit({ ...ASKED, victim: 'slow', attacker: null });
    await work();
    const cancelled = await fetch(`${url}/evaluations/${id}`, { method: 'DELETE' });
    assert.equal(cancelled.status, 200);
    assert.equal((await endOf(url, id)).state, 'cancelled');
    const next = await submit({ ...ASKED, limit: 2 });
    assert.equal((await endOf(url, next)).state, 'completed');
  });

  it('fails an evaluation whose models or scenes the worker has others of', async () => {
    const other = await evaluationFolder(3);
    await work({ datasets: { scenes: { layout: 'folder', dir: other.scenes } } });
    const scenes = await endOf(url, await submit(ASKED));
    assert.deepEqual([scenes.state, scenes.failedCode], ['failed', 'DATASET_INVALID']);
    assert.match(
      scenes.failedReason!,
      /expected the 70 scenes of scenes val that the evaluation was begun with/,
    );
    await workers.splice(0)[0]!.close();
    await work({ datasets: {} });
    const unknown = await endOf(url, await submit(ASKED));
    assert.equal(unknown.failedCode, 'DATASET_NOT_FOUND');
    await other.remove();
  });

  it('evaluates uploads where the folder is shared, refuses them where there is none, and fails them where a worker has none', async () => {
    const zip = await zipOf(await tinyFiles(SCENES, (kind) => kind));
    const post = (to: string) =>
      fetch(`${to}/evaluations?victim=tiny&attacker=shift`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/zip' },
        body: zip,
      });
    const refused = await post(url);
    assert.deepEqual(
      [refused.status, ((await refused.json()) as { code: string }).code],
      [422, 'UPLOAD_UNSUPPORTED'],
    );
    const uploads = path.join(files.folder, 'shared');
    const sharing = await startEvaluationServer(files, { redis: redis.url, uploads });
    try {
      await work({ uploads });
      const { id } = (await (await post(sharing.url)).json()) as EvaluationJson;
      const { result, failedReason } = await endOf(url, id);
      assert.equal(failedReason, null);
      assert.deepEqual(withoutSpeed(result), { ...expected, dataset: 'upload' });
      await workers.splice(0)[0]!.close();
      await work();
      const failed = (await (await post(sharing.url)).json()) as EvaluationJson;
      assert.equal((await endOf(url, failed.id)).failedCode, 'UPLOAD_UNSUPPORTED');
    } finally {
      await sharing.close();
    }
  });

  it('loses nothing when Redis crashes in between, and answers 503 meanwhile', async () => {
    const id = await submit(ASKED);
    await work();
    await redis.kill();
    const refused = await fetch(`${url}/evaluations/${id}`);
    assert.deepEqual(
      [refused.status, ((await refused.json()) as { code: string }).code],
      [503, 'BACKEND_UNAVAILABLE'],
    );
    assert.equal(refused.headers.get('retry-after'), '1');
    assert.equal((await postEvaluation(url, ASKED)).status, 503);
    await redis.start();
    while ((await fetch(`${url}/evaluations/${id}`)).status === 503)
      await new Promise(setImmediate);
    const { state, result } = await endOf(url, id);
    assert.equal(state, 'completed');
    assert.deepEqual(withoutSpeed(result), expected);
  });

  it('is done by segprobe worker, which ends with 0 when it is told to', async () => {
    const dataset = `scenes=folder:${files.scenes}`;
    const args = ['worker', '--redis', redis.url, '--models', files.models, '--dataset', dataset];
    const { child, outcome } = startSegprobe(...args);
    const { state, result } = await endOf(url, await submit(ASKED));
    assert.equal(state, 'completed');
    assert.deepEqual(withoutSpeed(result), expected);
    child.kill('SIGTERM');
    const { code, stdout, stderr } = await outcome;
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^segprobe worker on redis:\/\/127\.0\.0\.1:\d+.*: shift, slow, tiny\n$/);
  });

  it('refuses a worker without Redis as wrong usage', async () => {
    await assert.rejects(work({ redis: null }), { code: 'USAGE', message: /expected --redis/ });
  });
});
