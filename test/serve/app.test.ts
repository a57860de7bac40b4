import assert from 'node:assert/strict';
import { once } from 'node:events';
import express from 'express';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import request from 'supertest';
import { createApp } from '../../src/serve/app.js';
import type { Readiness } from '../../src/serve/app.js';
import { errorHandler } from '../../src/serve/error-handler.js';
import type { ReloadablePool } from '../../src/inference/reloadable-pool.js';
import { testPicture, toPng } from '../support/rgb-pictures.js';
import { SLOW_SIZE, postPicture, startTestServer } from '../support/test-server.js';
import type { TestServer } from '../support/test-server.js';
import { TINY_FACTS } from '../support/tiny-models.js';

describe('createApp', () => {
  let service: TestServer;
  before(async () => {
    service = await startTestServer();
  });
  after(() => service.stop());

  it('lists the victims with their manifests and says which is the default', async () => {
    const { body } = await request(service.url).get('/models').expect(200);
    const models = body.models as Record<string, unknown>[];
    assert.deepEqual(
      models.map(({ name, default: preferred, kind }) => [name, preferred, kind]),
      [
        ['slow', true, 'victim'],
        ['tiny', false, 'victim'],
      ],
    );
    const { classes, palette, inputSize, license } = models[1]!;
    assert.deepEqual([classes, palette], [TINY_FACTS.classes, TINY_FACTS.palette]);
    assert.deepEqual([inputSize, license], [TINY_FACTS.inputSize, 'made for a test']);
    // Where the files lie is nobody's business.
    assert.doesNotMatch(JSON.stringify(body), /segprobe-test-/);
  });

  it('is alive and ready', async () => {
    await request(service.url).get('/healthz').expect(200, { status: 'alive' });
    await request(service.url).get('/readyz').expect(200, { status: 'ready' });
    await request(service.url).head('/healthz').expect(200);
  });

  it('sends security headers and no word of its make', async () => {
    const { headers } = await request(service.url).get('/models');
    assert.equal(headers['x-content-type-options'], 'nosniff');
    assert.equal(headers['x-powered-by'], undefined);
  });

  it('takes a request’s id over, and gives one of its own for a strange one', async () => {
    const given = await request(service.url).get('/nope').set('X-Request-Id', 'trace-42');
    assert.deepEqual(
      [given.headers['x-request-id'], given.body.requestId],
      ['trace-42', 'trace-42'],
    );
    const strange = await request(service.url).get('/nope').set('X-Request-Id', 'a b"c');
    assert.match(strange.headers['x-request-id']!, /^[0-9a-f-]{36}$/);
  });

  it('logs each request once, without its headers', async () => {
    await request(service.url)
      .get('/models?x=1')
      .set('X-Request-Id', 'once')
      .set('Cookie', 'secret=1');
    const records = service.log.filter(
      (record) => (record['req'] as { id?: string })?.id === 'once',
    );
    assert.equal(records.length, 1);
    assert.equal(records[0]!['msg'], 'GET /models?x=1');
    assert.doesNotMatch(JSON.stringify(records), /secret/);
  });
});

describe('createApp while it cannot serve', () => {
  const none = { models: new Map(), workers: 1 };
  const pool = {
    ...none,
    borrow: () => ({ pool: none, giveBack: () => undefined }),
  } as unknown as ReloadablePool;
  const logger = pino({ level: 'silent' });
  let readiness: Readiness;
  const app = createApp({ pool, logger, readiness: () => readiness });

  it('is alive but not ready while the models load', async () => {
    readiness = 'loading';
    await request(app).get('/healthz').expect(200);
    const { body, headers } = await request(app).get('/readyz').expect(503);
    assert.equal(body.code, 'BACKEND_UNAVAILABLE');
    assert.equal(headers['retry-after'], '1');
  });

  it('refuses requests and is not ready while it drains', async () => {
    readiness = 'draining';
    for (const path of ['/readyz', '/models', '/']) {
      const { body, headers } = await request(app).get(path).expect(503);
      assert.deepEqual([body.code, headers['connection']], ['SHUTTING_DOWN', 'close']);
    }
    await request(app).get('/healthz').expect(200);
  });

  it('refuses a picture where no model is loaded', async () => {
    readiness = 'ready';
    const { body } = await request(app).post('/segment').expect(404);
    assert.deepEqual(
      [body.code, body.detail],
      ['MODEL_NOT_FOUND', 'expected the name of a victim (none), got none'],
    );
    await request(app).get('/models').expect(200, { models: [] });
  });
});

describe('createApp under load', () => {
  let service: TestServer;
  let slowPicture: Buffer;
  before(async () => {
    service = await startTestServer({ maxQueue: 1, maxBufferedBytes: 200_000 });
    slowPicture = await toPng(testPicture(SLOW_SIZE.width, SLOW_SIZE.height));
  });
  after(() => service.stop());

  it('answers 503 with Retry-After when as many wait as may, and works on afterwards', async () => {
    const url = `${service.url}/segment?model=slow&format=json`;
    const responses = await Promise.all(
      Array.from({ length: 6 }, () => postPicture(url, slowPicture)),
    );
    const statuses = responses.map(({ status }) => status).sort();
    // Two are worked on, one waits.
    assert.deepEqual(statuses, [200, 200, 200, 503, 503, 503]);
    for (const response of responses.filter(({ status }) => status === 503)) {
      assert.equal(response.headers.get('retry-after'), '1');
      const { code } = (await response.json()) as { code: string };
      assert.equal(code, 'QUEUE_FULL');
    }
    assert.equal((await postPicture(url, slowPicture)).status, 200);
  });

  it('answers 503 when the bodies of all requests are too many bytes, until they are done', async () => {
    const url = `${service.url}/segment?model=tiny`;
    const noise = (): Uint8Array => Uint8Array.from({ length: 150_000 }, (_, i) => (i * 37) % 256);
    const held = new ReadableStream({
      async start(controller) {
        controller.enqueue(noise());
        await new Promise((resolve) => setTimeout(resolve, 300));
        controller.close();
      },
    });
    const headers = { 'Content-Type': 'image/png' };
    const first = fetch(url, { method: 'POST', body: held, headers, duplex: 'half' });
    await new Promise((resolve) => setTimeout(resolve, 100));
    const second = await postPicture(url, noise());
    const { code } = (await second.json()) as { code: string };
    assert.deepEqual([second.status, code], [503, 'QUEUE_FULL']);
    assert.equal((await first).status, 415);
    assert.equal((await postPicture(url, noise())).status, 415);
  });

  it('forgets the request of a client that left', async () => {
    const url = `${service.url}/segment?model=slow&format=json`;
    const abort = new AbortController();
    const left = Array.from({ length: 3 }, () =>
      postPicture(url, slowPicture, { signal: abort.signal }),
    );
    const settled = Promise.allSettled(left);
    await new Promise((resolve) => setTimeout(resolve, 30));
    abort.abort();
    await settled;
    await new Promise((resolve) => setTimeout(resolve, 100));
    // Their places are free again at once, but for the one picture that is being inferred.
    const response = await postPicture(url, slowPicture);
    assert.equal(response.status, 200);
  });
});

describe('errorHandler', () => {
  it('answers a fault of its own without saying what it was, and logs it', async () => {
    const app = express();
    let logged: Error | undefined;
    app.use((req, res, next) => {
      Object.assign(req, { id: 'r1' });
      res.on('finish', () => (logged = (res as { err?: Error }).err));
      next();
    });
    app.get('/broken', () => {
      throw new Error('the password is 1234');
    });
    app.use(errorHandler);
    const server = app.listen(0);
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const response = await fetch(`http://127.0.0.1:${port}/broken`);
    const body = (await response.json()) as Record<string, unknown>;
    server.close();
    assert.equal(response.status, 500);
    assert.deepEqual([body['code'], body['requestId']], ['INTERNAL', 'r1']);
    assert.doesNotMatch(JSON.stringify(body), /1234/);
    assert.equal(logged?.message, 'the password is 1234');
  });
});
