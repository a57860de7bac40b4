import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { startTestServer, type TestServer } from '../support/test-server.js';

const digestOf = (key: string): string =>
  `sha256:${createHash('sha256').update(key).digest('hex')}`;

describe('limitRate', () => {
  let service: TestServer;
  before(async () => {
    const apiKeys = { robot: digestOf('one'), desk: digestOf('two') };
    service = await startTestServer({ apiKeys, rateLimit: 3, trustProxy: 1 });
  });
  after(() => service.stop());

  async function ask(headers: Record<string, string>): Promise<Response> {
    return fetch(`${service.url}/models`, { headers });
  }

  it('refuses what a key sends beyond its rate, and says when to come again', async () => {
    const headers = { 'X-API-Key': 'one' };
    for (let left = 2; left >= 0; left--) {
      const response = await ask(headers);
      assert.equal(response.status, 200);
      assert.match(response.headers.get('ratelimit')!, new RegExp(`; r=${left}; t=\\d+`));
    }
    const refused = await ask(headers);
    const { code, detail } = (await refused.json()) as { code: string; detail: string };
    assert.deepEqual([refused.status, code], [429, 'RATE_LIMITED']);
    assert.match(detail, /at most 3 requests a minute/);
    assert.ok(Number(refused.headers.get('retry-after')) > 0);
    // Another key has a rate of its own, and probes have none.
    assert.equal((await ask({ 'X-API-Key': 'two' })).status, 200);
    assert.equal((await fetch(`${service.url}/healthz`)).status, 200);
  });

  it('counts guesses at keys by the address that the proxy names', async () => {
    const guess = (address: string, i: number): Promise<Response> =>
      ask({ 'X-API-Key': `guess-${i}`, 'X-Forwarded-For': address });
    const statuses = [];
    for (let i = 0; i < 4; i++) statuses.push((await guess('192.0.2.1', i)).status);
    assert.deepEqual(statuses, [401, 401, 401, 429]);
    assert.equal((await guess('192.0.2.2', 9)).status, 401);
  });

  it('logs the name of the key and never the key', () => {
    const own = service.log.find(({ key }) => key === 'robot');
    assert.ok(own);
    assert.doesNotMatch(JSON.stringify(service.log), /guess-|"one"/);
  });
});
