import assert from 'node:assert/strict';
import { testPicture, toPng } from '../support/rgb-pictures.js';
import { scrape } from '../support/scrape.js';
import { postPicture, startTestServer, type TestServer } from '../support/test-server.js';

describe('GET /metrics', () => {
  let service: TestServer;
  let lines: ReadonlyMap<string, number>;
  before(async () => {
    service = await startTestServer({ workers: 2 });
    const png = await toPng(testPicture(24, 16));
    for (const query of ['', '?format=json', '?model=nobody', '?method=noise&strength=2']) {
      const route = query.includes('strength') ? 'attack' : 'segment';
      await postPicture(`${service.url}/${route}${query || '?model=tiny'}`, png);
    }
    await postPicture(`${service.url}/attack?method=noise&model=tiny`, png);
    await fetch(`${service.url}/nowhere`);
    const response = await fetch(`${service.url}/metrics`);
    assert.equal(response.status, 200);
    assert.match(response.headers.get('content-type')!, /^text\/plain; version=0\.0\.4/);
    lines = await scrape(service.url);
  });
  after(() => service.stop());

  const valueOf = (name: string): number | undefined => lines.get(name);

  it('counts requests by route, method and status', () => {
    const requests = (route: string, method: string, status: number): number | undefined =>
      valueOf(
        `segprobe_http_requests_total{route="${route}",method="${method}",status="${status}"}`,
      );
    assert.deepEqual(
      [
        requests('/segment', 'POST', 200),
        requests('/segment', 'POST', 404),
        requests('/attack', 'POST', 400),
        requests('/attack', 'POST', 200),
        requests('none', 'GET', 404),
      ],
      [2, 1, 1, 1, 1],
    );
    assert.equal(valueOf('segprobe_http_request_seconds_count{route="/segment"}'), 3);
  });

  it('counts what was refused by its code', () => {
    assert.equal(valueOf('segprobe_rejects_total{code="MODEL_NOT_FOUND"}'), 1);
    assert.equal(valueOf('segprobe_rejects_total{code="INVALID_REQUEST"}'), 1);
    assert.equal(valueOf('segprobe_rejects_total{code="NOT_FOUND"}'), 1);
  });

  it('measures where the time of pictures goes: decoding, waiting, inference by model and provider', () => {
    assert.equal(valueOf('segprobe_decode_seconds_count'), 3);
    assert.equal(valueOf('segprobe_queue_wait_seconds_count'), 3);
    const of = (what: string): number =>
      valueOf(`segprobe_inference_seconds_${what}{model="tiny",provider="cpu"}`)!;
    assert.ok(of('sum') > 0);
    assert.equal(of('count'), 2);
  });

  it('tells the queue, the models and the lag of the event loop', () => {
    assert.equal(valueOf('segprobe_queue_depth'), 0);
    assert.equal(valueOf('segprobe_running'), 0);
    // Two workers, and a picture that is decoded: so many may wait at least, and 64 at most.
    const limit = valueOf('segprobe_queue_limit')!;
    assert.ok(limit >= 3 && limit <= 64, `${limit} may wait`);
    for (const model of ['slow', 'tiny']) {
      const info = `segprobe_model_info{model="${model}",kind="victim",provider="cpu"}`;
      assert.equal(valueOf(info), 1);
    }
    assert.ok(valueOf('nodejs_eventloop_lag_seconds')! >= 0);
  });
});
