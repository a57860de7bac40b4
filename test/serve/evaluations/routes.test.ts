import assert from 'node:assert/strict';
import path from 'node:path';
import { openDataset } from '../../../src/data/open-dataset.js';
import { evaluateDataset } from '../../../src/inference/evaluate-dataset.js';
import { openModel } from '../../../src/inference/open-model.js';
import type { RunningServer } from '../../../src/serve/server.js';
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

const SCENES = 40;
const ASKED = { dataset: 'scenes', split: 'val', victim: 'tiny', attacker: 'shift' };

describe('/evaluations', () => {
  let files: EvaluationFolder;
  let server: RunningServer;
  let url: string;
  before(async () => {
    files = await evaluationFolder(SCENES);
    server = await startEvaluationServer(files);
    ({ url } = server);
  });
  after(async () => {
    await server.close();
    await files.remove();
  });

  async function submit(body: object, headers = {}): Promise<EvaluationJson> {
    const response = await postEvaluation(url, body, headers);
    assert.equal(response.status, 202, await response.clone().text());
    return (await response.json()) as EvaluationJson;
  }

  it('gives the result of segprobe evaluate, to the last bit', async () => {
    const response = await postEvaluation(url, ASKED);
    assert.equal(response.status, 202);
    const { id } = (await response.json()) as EvaluationJson;
    assert.equal(response.headers.get('location'), `/evaluations/${id}`);
    const { state, result, progress, processedOn, finishedOn } = await endOf(url, id);
    assert.deepEqual([state, progress], ['completed', { done: SCENES, total: SCENES }]);
    assert.ok(processedOn! <= finishedOn!);
    const dataset = await openDataset({ name: 'folder', dir: files.scenes, split: 'val' });
    const expected = await evaluateDataset(dataset, {
      victim: await openModel(path.join(files.models, 'tiny.onnx')),
      attacker: await openModel(path.join(files.models, 'shift.onnx')),
    });
    assert.deepEqual(withoutSpeed(result), { ...withoutSpeed(expected), dataset: 'scenes' });
    assert.ok(result!.miou! > result!.miouAttacked! && result!.imagesPerSecond > 0);
  });

  it('evaluates clean pictures alone, and the first few of the drawn scenes', async () => {
    const clean = await endOf(url, (await submit({ ...ASKED, attacker: null, limit: 3 })).id);
    const { images, miouAttacked, attacker } = clean.result!;
    assert.deepEqual([images, miouAttacked, attacker], [3, null, null]);
  });

  it('tells of the states and the progress as server-sent events, and ends with the evaluation', async () => {
    const { id } = await submit(ASKED);
    const events = await eventsOf(url, id);
    const names = events.map(({ event }) => event);
    assert.equal(names.at(-1), 'completed');
    assert.ok(names.includes('progress'), names.join());
    const versions = events.map((event) => event.id);
    assert.deepEqual(
      versions,
      [...new Set(versions)].sort((a, b) => a - b),
    );
    const done = events.map(({ data }) => data.progress.done);
    assert.deepEqual(
      done,
      [...done].sort((a, b) => a - b),
    );
    assert.equal(events.at(-1)!.data.result!.images, SCENES);
  });

  it('tells how an evaluation that has ended stands, and nothing to a client that knows it', async () => {
    const { id } = await submit(ASKED);
    const last = (await eventsOf(url, id)).at(-1)!;
    const again = await eventsOf(url, id);
    assert.deepEqual(again, [last]);
    const earlier = await eventsOf(url, id, { 'Last-Event-ID': String(last.id - 1) });
    assert.deepEqual(earlier, [last]);
    const known = await fetch(`${url}/evaluations/${id}/events`, {
      headers: { 'Last-Event-ID': String(last.id) },
    });
    assert.equal(known.status, 204);
  });

  it('cancels one that runs, and the others go on', async () => {
    const long = await submit({ ...ASKED, victim: 'slow', attacker: null });
    const next = await submit(ASKED);
    const response = await fetch(`${url}/evaluations/${long.id}`, { method: 'DELETE' });
    const cancelled = (await response.json()) as EvaluationJson;
    assert.deepEqual([response.status, cancelled.state], [200, 'cancelled']);
    assert.equal((await eventsOf(url, long.id)).at(-1)!.event, 'cancelled');
    assert.equal((await endOf(url, next.id)).state, 'completed');
    const again = await fetch(`${url}/evaluations/${long.id}`, { method: 'DELETE' });
    assert.equal(again.status, 200);
    assert.equal((await endOf(url, long.id)).result, null);
  });

  it('lists evaluations page by page, newest first', async () => {
    const ids: string[] = [];
    for (let i = 0; i < 3; i++) ids.push((await submit({ ...ASKED, limit: 1 })).id);
    await Promise.all(ids.map((id) => endOf(url, id)));
    const seen: string[] = [];
    let next: string | null = '/evaluations?limit=2&state=completed';
    while (next !== null) {
      const page = (await (await fetch(url + next)).json()) as {
        evaluations: EvaluationJson[];
        next: string | null;
      };
      assert.ok(page.evaluations.length <= 2);
      for (const { id, state } of page.evaluations) {
        seen.push(id);
        assert.equal(state, 'completed');
      }
      ({ next } = page);
    }
    assert.deepEqual(seen, [...new Set(seen)].sort().reverse());
    for (const id of ids) assert.ok(seen.includes(id));
  });

  it('takes a request with the same Idempotency-Key once', async () => {
    const headers = { 'Idempotency-Key': 'one two' };
    const [first, second] = await Promise.all([submit(ASKED, headers), submit(ASKED, headers)]);
    assert.equal(first.id, second.id);
    const other = await postEvaluation(url, { ...ASKED, limit: 2 }, headers);
    const { code } = (await other.json()) as { code: string };
    assert.deepEqual([other.status, code], [422, 'IDEMPOTENCY_KEY_REUSED']);
  });

  it('writes a report that needs and runs nothing else', async () => {
    const { id } = await submit(ASKED);
    await endOf(url, id);
    const response = await fetch(`${url}/evaluations/${id}/report`);
    assert.equal(response.headers.get('content-type'), 'text/html; charset=utf-8');
    assert.match(response.headers.get('content-security-policy')!, /default-src 'none'/);
    const page = await response.text();
    for (const part of [
      '<svg',
      'mIoU under shift',
      '40 images of scenes val',
      'SHA-256',
      'green',
    ]) {
      assert.ok(page.includes(part), part);
    }
    assert.doesNotMatch(page, /<script|<link|src="http/);
  });

  it('looks for faults in what was evaluated, once, and tells nobody where it lies', async () => {
    const { id } = await submit({ ...ASKED, limit: 5 });
    await endOf(url, id);
    const ask = (query: string): Promise<Response> =>
      fetch(`${url}/evaluations/${id}/faults${query}`);
    const response = await ask('?limit=3');
    const page = await response.text();
    assert.equal(response.status, 200, page);
    assert.match(response.headers.get('content-security-policy')!, /default-src 'none'/);
    for (const part of [
      'Images to look at',
      'The first 3 of 3',
      'segprobe report --victim tiny --attacker shift --dataset folder --dataset-dir path/to/scenes --split val --limit 3',
    ]) {
      assert.ok(page.includes(part), part);
    }
    assert.doesNotMatch(page, /<script|<link|src="http/);
    assert.ok(!page.includes(files.folder));
    // It is dated and timed: the same again was not made again.
    assert.equal(await (await ask('?limit=3')).text(), page);
    for (const query of ['?limit=0', '?limit=1001', '?images=3']) {
      assert.equal((await ask(query)).status, 400, query);
    }
  });

  it('names the folder of a data set that is called as its layout, for the commands of its fault report', async () => {
    const named = await startEvaluationServer(files, {
      datasets: { folder: { layout: 'folder', dir: files.scenes } },
    });
    try {
      const asked = { ...ASKED, dataset: 'folder', attacker: null, limit: 1 };
      const submitted = await postEvaluation(named.url, asked);
      const { id } = (await submitted.json()) as EvaluationJson;
      await endOf(named.url, id);
      const page = await (await fetch(`${named.url}/evaluations/${id}/faults`)).text();
      assert.ok(page.includes('--dataset folder --dataset-dir path/to/folder'));
    } finally {
      await named.close();
    }
  });

  it('makes one fault report at a time', async () => {
    const { id } = await submit(ASKED);
    await endOf(url, id);
    const answers = await Promise.all(
      [9, 10].map((limit) => fetch(`${url}/evaluations/${id}/faults?limit=${limit}`)),
    );
    const refused = answers.find(({ status }) => status === 503)!;
    assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 503]);
    assert.equal(((await refused.json()) as { code: string }).code, 'QUEUE_FULL');
    assert.ok(refused.headers.get('retry-after'));
  });

  it('tells of the data sets without their folders', async () => {
    const text = await (await fetch(`${url}/datasets`)).text();
    const { datasets } = JSON.parse(text) as { datasets: { name: string; splits: object[] }[] };
    assert.deepEqual(
      datasets.map(({ name }) => name),
      ['sample', 'scenes'],
    );
    assert.deepEqual(datasets[1]!.splits, [{ split: 'val', scenes: SCENES }]);
    assert.ok(!text.includes(files.folder));
  });

  const refusals = [
    { name: 'no JSON', body: '{', status: 400, code: 'INVALID_REQUEST', detail: /expected JSON/ },
    {
      name: 'no victim',
      body: { dataset: 'scenes', split: 'val' },
      status: 400,
      code: 'INVALID_REQUEST',
      detail: /^victim: /,
    },
    {
      name: 'an unknown split',
      body: { ...ASKED, split: 'all' },
      status: 400,
      code: 'INVALID_REQUEST',
      detail: /^split: /,
    },
    {
      name: 'an unknown field',
      body: { ...ASKED, dir: '/etc' },
      status: 400,
      code: 'INVALID_REQUEST',
      detail: /dir/,
    },
    {
      name: 'a limit of 0',
      body: { ...ASKED, limit: 0 },
      status: 400,
      code: 'INVALID_REQUEST',
      detail: /^limit: /,
    },
    {
      name: 'an unknown data set',
      body: { ...ASKED, dataset: '/etc' },
      status: 404,
      code: 'DATASET_NOT_FOUND',
      detail: /\(sample, scenes\), got "\/etc"/,
    },
    {
      name: 'a data set by a name of JavaScript',
      body: { ...ASKED, dataset: 'constructor' },
      status: 404,
      code: 'DATASET_NOT_FOUND',
      detail: /constructor/,
    },
    {
      name: 'an unknown victim',
      body: { ...ASKED, victim: 'huge' },
      status: 404,
      code: 'MODEL_NOT_FOUND',
      detail: /tiny/,
    },
    {
      name: 'an attacker that is a victim',
      body: { ...ASKED, attacker: 'tiny' },
      status: 404,
      code: 'MODEL_NOT_FOUND',
      detail: /which is a victim/,
    },
    {
      name: 'a split that is not there',
      body: { ...ASKED, split: 'test' },
      status: 422,
      code: 'DATASET_INVALID',
      detail: /got test/,
    },
    {
      name: 'classes that the victim has not',
      body: { ...ASKED, dataset: 'sample' },
      status: 422,
      code: 'DATASET_INVALID',
      detail: /expected the classes red, green, blue/,
    },
  ];
  for (const { name, body, status, code, detail } of refusals) {
    it(`refuses ${name} with ${status} ${code}`, async () => {
      const response = await fetch(`${url}/evaluations`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      });
      const problem = (await response.json()) as { code: string; detail: string };
      assert.deepEqual([response.status, problem.code], [status, code]);
      assert.equal(response.headers.get('content-type'), 'application/problem+json');
      assert.match(problem.detail, detail);
      assert.ok(!problem.detail.includes(files.folder), problem.detail);
    });
  }

  for (const [method, below] of [
    ['GET', ''],
    ['DELETE', ''],
    ['GET', '/events'],
    ['GET', '/report'],
    ['GET', '/faults'],
  ] as const) {
    it(`answers 404 EVALUATION_NOT_FOUND to ${method} /evaluations/:id${below} of an unknown id`, async () => {
      const response = await fetch(`${url}/evaluations/nobody${below}`, { method });
      const { code } = (await response.json()) as { code: string };
      assert.deepEqual([response.status, code], [404, 'EVALUATION_NOT_FOUND']);
    });
  }

  it('answers 409 to a report before the end and to a cancel after it', async () => {
    const slow = await submit({ ...ASKED, victim: 'slow', attacker: null });
    for (const kind of ['report', 'faults']) {
      const report = await fetch(`${url}/evaluations/${slow.id}/${kind}`);
      assert.deepEqual(
        [report.status, ((await report.json()) as { code: string }).code],
        [409, 'EVALUATION_UNFINISHED'],
      );
    }
    await fetch(`${url}/evaluations/${slow.id}`, { method: 'DELETE' });
    const { id } = await submit({ ...ASKED, limit: 1 });
    await endOf(url, id);
    const cancel = await fetch(`${url}/evaluations/${id}`, { method: 'DELETE' });
    assert.deepEqual(
      [cancel.status, ((await cancel.json()) as { code: string }).code],
      [409, 'EVALUATION_FINISHED'],
    );
  });

  it('refuses another type, a key that is none, and a query that makes no sense', async () => {
    const text = await fetch(`${url}/evaluations`, { method: 'POST', body: 'hello' });
    assert.equal(text.status, 415);
    const key = await postEvaluation(url, ASKED, { 'Idempotency-Key': 'k'.repeat(256) });
    assert.equal(key.status, 400);
    for (const query of ['limit=0', 'limit=1000', 'state=odd', 'page=2']) {
      assert.equal((await fetch(`${url}/evaluations?${query}`)).status, 400, query);
    }
    const put = await fetch(`${url}/evaluations/x`, { method: 'PUT' });
    assert.deepEqual([put.status, put.headers.get('allow')], [405, 'GET, HEAD, DELETE']);
  });
});
