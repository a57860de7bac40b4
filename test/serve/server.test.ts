import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pino } from 'pino';
import { openModels } from '../../src/inference/open-model.js';
import { decodeModel, encodeModel } from '../../src/shared/onnx/index.js';
import { startServer } from '../../src/serve/server.js';
import { sendRaw } from '../support/raw-http.js';
import { testPicture, toPng } from '../support/rgb-pictures.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { SLOW_SIZE, postPicture, startTestServer } from '../support/test-server.js';
import { tinyManifest, tinyVictim } from '../support/tiny-models.js';

/** Keys as the configuration has them. */
function keysOf(...keys: readonly string[]): Record<string, string> {
  const digests = keys.map((key) => createHash('sha256').update(key).digest('hex'));
  return Object.fromEntries(digests.map((digest, i) => [`key-${i}`, `sha256:${digest}`]));
}

const logger = pino({ level: 'silent' });

describe('startServer', () => {
  it('asks for the key on all but the page and the probes', async () => {
    const { url, stop } = await startTestServer({ apiKeys: keysOf('open-sesame', 'another') });
    try {
      for (const open of ['/', '/healthz', '/readyz']) {
        assert.equal((await fetch(url + open)).status, 200, open);
      }
      for (const headers of [
        {},
        { Authorization: 'Bearer wrong' },
        { Authorization: 'Basic open-sesame' },
        { 'X-API-Key': 'open-sesame1' },
        { 'X-API-Key': '' },
      ]) {
        for (const closed of ['/models', '/nowhere']) {
          const response = await fetch(url + closed, {
            headers: headers as Record<string, string>,
          });
          const { code } = (await response.json()) as { code: string };
          assert.deepEqual([response.status, code], [401, 'UNAUTHORIZED']);
          assert.equal(response.headers.get('www-authenticate'), 'Bearer');
        }
      }
      for (const headers of [
        { Authorization: 'Bearer open-sesame' },
        { Authorization: 'bearer open-sesame' },
        { 'X-API-Key': 'another' },
        { 'X-API-Key': 'open-sesame' },
      ]) {
        const response = await fetch(`${url}/models`, {
          headers: headers as Record<string, string>,
        });
        assert.equal(response.status, 200);
      }
      const png = await toPng(testPicture(24, 16));
      assert.equal((await postPicture(`${url}/segment`, png)).status, 401);
    } finally {
      await stop();
    }
  });

  it('refuses an address that others reach, without a key or --insecure', async () => {
    for (const host of ['0.0.0.0', '::', '192.168.0.1', '128.0.0.1', 'example.org']) {
      await assert.rejects(startServer({ models: [], logger, port: 0, host }), {
        code: 'USAGE',
        message: /SEGPROBE_API_KEY \(or --insecure\) to listen on /,
      });
    }
  });

  for (const options of [{ apiKeys: keysOf('k') }, { insecure: true }]) {
    it(`listens on any address with ${Object.keys(options)[0]}`, async () => {
      const { server, stop } = await startTestServer({ host: '0.0.0.0', ...options });
      const response = await fetch(`http://127.0.0.1:${server.port}/healthz`);
      assert.equal(response.status, 200);
      await stop();
    });
  }

  it('names the port that another program uses', async () => {
    const { server, stop } = await startTestServer();
    await assert.rejects(startServer({ models: [], logger, port: server.port }), {
      code: 'ADDRESS_UNAVAILABLE',
      message: new RegExp(`port ${server.port}, got a port that another program uses`),
    });
    await stop();
  });

  it('tells of a model that is not usable and closes', async () => {
    const { folder, remove } = await scratchFolder();
    const model = decodeModel(tinyVictim());
    const node = [{ ...model.graph.node[0]!, opType: 'Convolute' }];
    const bytes = encodeModel({ ...model, graph: { ...model.graph, node } });
    await writeFile(path.join(folder, 'odd.onnx'), bytes);
    await writeFile(path.join(folder, 'odd.json'), JSON.stringify(tinyManifest('odd', bytes)));
    const server = await startServer({ models: await openModels(folder), logger, port: 0 });
    await assert.rejects(server.ready, { code: 'MODEL_INVALID', message: /odd\.onnx/ });
    await assert.rejects(fetch(`${server.url}/healthz`));
    await remove();
  });

  it('tells a client that waits for 100 Continue at once that its body is too long', async () => {
    const { server, stop } = await startTestServer({ maxBodyBytes: 1000 });
    const request = http.request({
      port: server.port,
      host: '127.0.0.1',
      path: '/segment',
      method: 'POST',
      headers: { 'Content-Type': 'image/png', 'Content-Length': 1001, Expect: '100-continue' },
    });
    let continued = false;
    request.on('continue', () => (continued = true));
    request.flushHeaders();
    const [response] = (await once(request, 'response')) as [http.IncomingMessage];
    assert.deepEqual([response.statusCode, continued], [413, false]);
    request.destroy();
    await stop();
  });
});

describe('refuseMalformed', () => {
  for (const { name, lines, status, code } of [
    { name: 'what is no HTTP', lines: ['hello'], status: 400, code: 'INVALID_REQUEST' },
    {
      name: 'headers of 20 kB',
      lines: ['GET / HTTP/1.1', 'Host: x', `X-Padding: ${'p'.repeat(20_000)}`],
      status: 431,
      code: 'HEADERS_TOO_LARGE',
    },
  ]) {
    it(`refuses ${name}: ${status} ${code}`, async () => {
      const { server, stop } = await startTestServer();
      const bytes = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`);
      const answer = await sendRaw(server.port, bytes, { isLast: false, timeoutMs: 5000 });
      assert.deepEqual(
        [answer?.status, answer?.headers.get('content-type')],
        [status, 'application/problem+json'],
      );
      const problem = JSON.parse(answer!.body) as { code: string; requestId: string };
      assert.deepEqual(
        [problem.code, problem.requestId],
        [code, answer!.headers.get('x-request-id')],
      );
      await stop();
    });
  }

  it('refuses a request that does not arrive in time: 408 REQUEST_TIMEOUT', async () => {
    // Node looks every 30 s unless told otherwise.
    const { server, stop } = await startTestServer({ requestSeconds: 1 });
    const bytes = Buffer.from('POST /segment HTTP/1.1\r\nHost: x\r\nContent-Le');
    const answer = await sendRaw(server.port, bytes, { isLast: false, timeoutMs: 15_000 });
    assert.equal(answer?.status, 408);
    assert.match(answer.body, /"code":"REQUEST_TIMEOUT"/);
    await stop();
  });

  it('refuses an upload that does not arrive in time, too', async () => {
    const { server, stop } = await startTestServer({ requestSeconds: 1 });
    const head = [
      'POST /evaluations?victim=tiny HTTP/1.1',
      'Host: x',
      'Content-Type: application/zip',
      'Content-Length: 1000',
    ];
    const bytes = Buffer.from(`${head.join('\r\n')}\r\n\r\nhalf of it`);
    const answer = await sendRaw(server.port, bytes, { isLast: false, timeoutMs: 15_000 });
    assert.equal(answer?.status, 408);
    assert.match(answer.body, /"code":"REQUEST_TIMEOUT"/);
    await stop();
  });
});

describe('RunningServer.close', () => {
  it('lets requests in flight finish, takes no new ones, and ends', async () => {
    const { server, url, stop } = await startTestServer();
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    const picture = await toPng(testPicture(SLOW_SIZE.width, SLOW_SIZE.height));
    const slow = postPicture(`${url}/segment?model=slow&format=json`, picture);
    await new Promise((resolve) => setTimeout(resolve, 30));
    const closed = server.close();
    await assert.rejects(fetch(`${url}/healthz`), 'a new connection is refused');
    const response = await slow;
    assert.equal(response.status, 200);
    assert.equal(((await response.json()) as { model: string }).model, 'slow');
    await closed;
    agent.destroy();
    await stop();
  });

  it('does not wait for connections that are idle', async () => {
    const { url, stop } = await startTestServer();
    const agent = new http.Agent({ keepAlive: true });
    const [response] = (await once(http.get(`${url}/healthz`, { agent }), 'response')) as [
      http.IncomingMessage,
    ];
    response.resume();
    await once(response, 'end');
    const start = performance.now();
    await stop();
    assert.ok(performance.now() - start < 2000);
    agent.destroy();
  });

  it('cuts off what has not finished in time', async () => {
    const { server, url, stop } = await startTestServer({ drainSeconds: 0.1 });
    const headers = { 'Content-Type': 'image/png' };
    // An upload that never ends.
    const body = new ReadableStream({
      start: (controller) => controller.enqueue(new Uint8Array(9)),
    });
    const stuck = fetch(`${url}/segment`, { method: 'POST', body, headers, duplex: 'half' });
    const cut = assert.rejects(stuck);
    await new Promise((resolve) => setTimeout(resolve, 50));
    const start = performance.now();
    await server.close();
    await cut;
    assert.ok(performance.now() - start < 2000);
    await stop();
  });
});
