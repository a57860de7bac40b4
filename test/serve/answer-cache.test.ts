import assert from 'node:assert/strict';
import { createAnswerCache, isKnown } from '../../src/serve/answer-cache.js';
import { testPicture, toPng } from '../support/rgb-pictures.js';
import { formOf, postPicture, startTestServer, type TestServer } from '../support/test-server.js';

const answerOf = (
  bytes: number,
): { json: object; png: Buffer; headers: object; milliseconds: object } => ({
  json: {},
  png: Buffer.alloc(bytes),
  headers: {},
  milliseconds: {},
});

describe('createAnswerCache', () => {
  it('holds no more than its bytes, and gives the least lately used up', () => {
    const cache = createAnswerCache(25_000);
    for (const key of ['a', 'b', 'a', 'c']) {
      if (cache.get(key) === undefined) cache.set(key, answerOf(10_000) as never);
    }
    assert.deepEqual(
      ['a', 'b', 'c'].map((key) => cache.get(key) !== undefined),
      [true, false, true],
    );
    assert.ok(cache.bytes <= 25_000);
    cache.set('huge', answerOf(30_000) as never);
    assert.equal(cache.get('huge'), undefined);
  });

  it('holds nothing with 0 bytes', () => {
    const cache = createAnswerCache(0);
    cache.set('a', answerOf(1) as never);
    assert.deepEqual([cache.get('a'), cache.bytes], [undefined, 0]);
  });
});

describe('isKnown', () => {
  for (const { header, expected } of [
    { header: undefined, expected: false },
    { header: 'W/"a"', expected: true },
    { header: '"b", "a"', expected: true },
    { header: '"b"', expected: false },
    { header: 'a', expected: false },
  ]) {
    it(`says ${expected} to ${header}`, () => assert.equal(isKnown(header, 'W/"a"'), expected));
  }
});

describe('the cache of answers', () => {
  let service: TestServer;
  let png: Buffer;
  let other: Buffer;
  before(async () => {
    service = await startTestServer();
    png = await toPng(testPicture(24, 16));
    other = await toPng(testPicture(16, 24));
  });
  after(() => service.stop());

  const ask = (
    query: string,
    headers: Record<string, string> = {},
    picture = png,
  ): Promise<Response> => postPicture(`${service.url}/${query}`, picture, { headers });
  const cacheOf = (response: Response): string | null => response.headers.get('x-segprobe-cache');

  it('answers the same question from memory, with the same bytes and tag', async () => {
    const first = await ask('segment?model=tiny');
    const again = await ask('segment?model=tiny');
    assert.deepEqual([first, again].map(cacheOf), ['miss', 'hit']);
    assert.equal(again.headers.get('etag'), first.headers.get('etag'));
    assert.match(
      again.headers.get('server-timing')!,
      /^decode;dur=0, queue;dur=0, inference;dur=0, encode;dur=0, cache;dur=/,
    );
    assert.deepEqual(await again.arrayBuffer(), await first.arrayBuffer());
  });

  it('tells questions apart by picture, model, format, method and strength', async () => {
    const tags = new Set<string>();
    for (const query of [
      'segment?model=tiny',
      'segment?model=slow',
      'segment?model=tiny&format=labels',
      'segment?model=tiny&format=json',
      'attack?model=tiny&method=noise',
      'attack?model=tiny&method=blur',
      'attack?model=tiny&method=noise&strength=0.5',
    ]) {
      tags.add((await ask(query)).headers.get('etag')!);
    }
    tags.add((await ask('segment?model=tiny', {}, other)).headers.get('etag')!);
    assert.equal(tags.size, 8);
  });

  it('answers 304 without a body to a client that has the answer, of any age', async () => {
    const { headers } = await ask('segment?model=tiny&format=overlay');
    const tag = headers.get('etag')!;
    const known = await ask('segment?model=tiny&format=overlay', {
      'If-None-Match': `"x", ${tag}`,
    });
    assert.deepEqual([known.status, await known.text(), known.headers.get('etag')], [304, '', tag]);
    const stale = await ask('segment?model=tiny&format=overlay', { 'If-None-Match': '"x"' });
    assert.equal(stale.status, 200);
  });

  it('remembers each picture of a form by itself', async () => {
    const third = await toPng(testPicture(32, 16));
    await ask('segment?model=tiny&format=json', {}, third);
    const post = async (): Promise<{
      cache: string | null;
      json: { images: { milliseconds: object }[] };
    }> => {
      const body = formOf(['image', third], ['image', other]);
      const url = `${service.url}/segment?model=tiny&format=json`;
      const response = await fetch(url, { method: 'POST', body });
      return { cache: cacheOf(response), json: (await response.json()) as never };
    };
    const { cache, json } = await post();
    assert.equal(cache, 'miss');
    assert.deepEqual(
      json.images.map(({ milliseconds }) => 'cache' in milliseconds),
      [true, false],
    );
    assert.equal((await post()).cache, 'hit');
  });

  it('keeps no refusal', async () => {
    for (let i = 0; i < 2; i++) {
      const response = await ask('segment?model=tiny', {}, png.subarray(0, 60));
      assert.deepEqual([response.status, cacheOf(response)], [400, null]);
    }
  });

  it('counts what it knew', async () => {
    const text = await (await fetch(`${service.url}/metrics`)).text();
    const valueOf = (name: string): number =>
      Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)![1]);
    assert.ok(valueOf('segprobe_cache_lookups_total\\{result="hit"\\}') >= 4);
    assert.ok(valueOf('segprobe_cache_lookups_total\\{result="miss"\\}') >= 8);
    assert.ok(valueOf('segprobe_cache_bytes') > 8000);
  });
});
