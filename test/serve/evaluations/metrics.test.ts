import assert from 'node:assert/strict';
import { pino } from 'pino';
import { openModels } from '../../../src/inference/open-model.js';
import { DEFAULT_CONFIG } from '../../../src/serve/config/schema.js';
import { startWorker } from '../../../src/serve/evaluations/distributed/start-worker.js';
import type { RunningServer } from '../../../src/serve/server.js';
import {
  endOf,
  type EvaluationFolder,
  evaluationFolder,
  type EvaluationJson,
  postEvaluation,
  startEvaluationServer,
} from '../../support/evaluation-server.js';
import { hasRedis, noRedis, startRedis, type TestRedis } from '../../support/redis.js';
import { scrape } from '../../support/scrape.js';

const SCENES = 20;
const ASKED = { dataset: 'scenes', split: 'val', victim: 'tiny' };

async function submit(url: string, body: object): Promise<string> {
  const response = await postEvaluation(url, body);
  assert.equal(response.status, 202);
  return ((await response.json()) as EvaluationJson).id;
}

/** Scrapes until the changes that are told beside the answers have been counted. */
async function scrapeUntil(
  url: string,
  isThere: (values: ReadonlyMap<string, number>) => boolean,
): Promise<ReadonlyMap<string, number>> {
  for (;;) {
    const values = await scrape(url);
    if (isThere(values)) return values;
  }
}

describe('measureEvaluations', function () {
  this.timeout(60_000);
  let files: EvaluationFolder;
  before(async () => (files = await evaluationFolder(SCENES)));
  after(() => files.remove());

  describe('with the embedded store', () => {
    let server: RunningServer;
    beforeEach(async () => (server = await startEvaluationServer(files)));
    afterEach(() => server.close());

    it('tells evaluations by state, their scenes and their time', async () => {
      const { url } = server;
      await endOf(url, await submit(url, ASKED));
      await endOf(url, await submit(url, { ...ASKED, limit: 3 }));
      const ended = 'segprobe_evaluation_seconds_count{state="completed"}';
      const values = await scrapeUntil(url, (own) => own.get(ended) === 2);
      assert.equal(values.get('segprobe_evaluation_scenes_total'), SCENES + 3);
      assert.ok(values.get('segprobe_evaluation_seconds_sum{state="completed"}')! > 0);
      const byState = ['waiting', 'active', 'completed', 'failed', 'cancelled'].map((state) =>
        values.get(`segprobe_evaluations{state="${state}"}`),
      );
      assert.deepEqual(byState, [0, 0, 2, 0, 0]);
      assert.ok(![...values.keys()].some((name) => /shards|workers/.test(name)));
    });

    it('tells one that was cancelled', async () => {
      const { url } = server;
      const id = await submit(url, { ...ASKED, victim: 'slow' });
      await fetch(`${url}/evaluations/${id}`, { method: 'DELETE' });
      const values = await scrape(url);
      assert.equal(values.get('segprobe_evaluations{state="cancelled"}'), 1);
    });
  });

  describe('on Redis', () => {
    let redis: TestRedis;
    let server: RunningServer;
    before(async function () {
      if (!hasRedis()) {
        noRedis();
        this.skip();
      }
      redis = await startRedis();
      server = await startEvaluationServer(files, { redis: redis.url });
    });
    after(async () => {
      await server?.close();
      await redis?.stop();
    });

    it('tells the queue and its workers, and works on while Redis is away', async () => {
      const { url } = server;
      const id = await submit(url, ASKED);
      const waiting = 'segprobe_evaluation_shards{state="waiting"}';
      const before = await scrapeUntil(url, (own) => (own.get(waiting) ?? 0) > 0);
      assert.equal(before.get('segprobe_evaluation_workers'), 0);
      assert.equal(before.get('segprobe_evaluations{state="waiting"}'), 1);

      const datasets = { scenes: { layout: 'folder', dir: files.scenes } };
      const config = { ...DEFAULT_CONFIG, redis: redis.url, datasets, workers: 1 };
      const worker = await startWorker(config, {
        models: await openModels(files.models),
        logger: pino({ level: 'silent' }),
      });
      await endOf(url, id);
      const after = await scrapeUntil(
        url,
        (own) => own.get('segprobe_evaluation_seconds_count{state="completed"}') === 1,
      );
      assert.equal(after.get('segprobe_evaluation_workers'), 1);
      assert.equal(after.get(waiting), 0);
      assert.equal(after.get('segprobe_evaluation_scenes_total'), SCENES);
      await worker.close();

      await redis.kill();
      const away = await scrape(url);
      assert.ok(away.get('segprobe_queue_depth') === 0);
      assert.ok(![...away.keys()].some((name) => name.startsWith('segprobe_evaluations{')));
      await redis.start();
    });
  });
});
