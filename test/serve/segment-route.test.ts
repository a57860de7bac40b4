import assert from 'node:assert/strict';
import { decode } from 'fast-png';
import { sharp } from '../../src/data/sharp.js';
import { readParts } from '../support/form-parts.js';
import { strongestChannel, testPicture, toPng } from '../support/rgb-pictures.js';
import { SLOW_SIZE, formOf, postPicture, startTestServer } from '../support/test-server.js';
import type { TestServer } from '../support/test-server.js';
import { TINY_FACTS } from '../support/tiny-models.js';

describe('POST /segment', () => {
  let service: TestServer;
  let endpoint: string;
  const picture = testPicture(24, 16);
  const expected = Array.from(strongestChannel(picture));
  let png: Buffer;
  before(async () => {
    service = await startTestServer({ cacheBytes: 0 });
    endpoint = `${service.url}/segment`;
    png = await toPng(picture);
  });
  after(() => service.stop());

  async function pixelsOf(response: Response): Promise<ReturnType<typeof decode>> {
    assert.equal(response.status, 200, response.headers.get('content-type') ?? '');
    assert.equal(response.headers.get('content-type'), 'image/png');
    return decode(new Uint8Array(await response.arrayBuffer()), { checkCrc: true });
  }

  for (const { name, query, accept } of [
    { name: 'where the client likes anything', query: '', accept: '*/*' },
    { name: 'for Accept: image/png', query: '', accept: 'image/png' },
    { name: 'for ?format=mask', query: '&format=mask', accept: 'application/json' },
    { name: 'for ?format=image/png', query: '&format=image/png', accept: '*/*' },
  ]) {
    it(`answers a palette PNG of class numbers in the classes’ colours ${name}`, async () => {
      const url = `${endpoint}?model=tiny${query}`;
      const response = await postPicture(url, png, { headers: { Accept: accept } });
      const { width, height, data, palette } = await pixelsOf(response);
      assert.deepEqual([width, height, Array.from(data)], [24, 16, expected]);
      assert.deepEqual(palette, TINY_FACTS.palette);
    });
  }

  it('answers class numbers in grey for ?format=labels', async () => {
    const response = await postPicture(`${endpoint}?model=tiny&format=labels`, png);
    const { data, channels, palette } = await pixelsOf(response);
    assert.deepEqual([Array.from(data), channels, palette], [expected, 1, undefined]);
  });

  it('answers the picture blended with the colours for ?format=overlay', async () => {
    const { data, channels } = await pixelsOf(
      await postPicture(`${endpoint}?model=tiny&format=overlay`, png),
    );
    const blended = Array.from(picture.data, (value, i) => {
      const color = TINY_FACTS.palette[expected[Math.floor(i / 3)]!]![i % 3]!;
      return Math.floor(value * 0.45 + color * 0.55 + 0.5);
    });
    assert.equal(channels, 3);
    assert.deepEqual(Array.from(data), blended);
  });

  for (const { name, query, accept } of [
    { name: 'Accept: application/json', query: '', accept: 'application/json' },
    { name: '?format=json', query: '&format=json', accept: 'image/png' },
  ]) {
    it(`answers counts and shares by class for ${name}`, async () => {
      const response = await postPicture(`${endpoint}?model=tiny${query}`, png, {
        headers: { Accept: accept },
      });
      assert.equal(response.status, 200);
      assert.match(response.headers.get('content-type')!, /^application\/json/);
      const { milliseconds, ...body } = (await response.json()) as Record<string, unknown>;
      const counts = [0, 1, 2].map((k) => expected.filter((label) => label === k).length);
      assert.deepEqual(body, {
        model: 'tiny',
        width: 24,
        height: 16,
        classes: counts.map((pixels, k) => ({
          name: TINY_FACTS.classes[k],
          color: TINY_FACTS.palette[k],
          pixels,
          share: pixels / 384,
        })),
      });
      const times = milliseconds as Record<string, number>;
      assert.deepEqual(Object.keys(times), ['decode', 'queue', 'inference', 'encode']);
      assert.ok(times['inference']! > 0 && times['decode']! > 0);
    });
  }

  it('takes a form with one picture like a raw body', async () => {
    const body = formOf(['image', png], ['comment', 'a street']);
    const response = await fetch(`${endpoint}?model=tiny&format=labels`, { method: 'POST', body });
    assert.deepEqual(Array.from((await pixelsOf(response)).data), expected);
  });

  it('answers several pictures in their order as JSON, with their names', async () => {
    const other = testPicture(30, 20, 7);
    const body = formOf(['image', png, 'a.png'], ['image', await toPng(other), 'folder/b.png']);
    const response = await fetch(`${endpoint}?model=tiny`, { method: 'POST', body });
    assert.equal(response.status, 200);
    const { images } = (await response.json()) as {
      images: { name: string; width: number; classes: { pixels: number }[] }[];
    };
    assert.deepEqual(
      images.map(({ name, width }) => [name, width]),
      [
        ['a.png', 24],
        ['b.png', 30],
      ],
    );
    assert.equal(images[0]!.classes[0]!.pixels, expected.filter((label) => label === 0).length);
    assert.equal(
      images[1]!.classes.reduce((sum, { pixels }) => sum + pixels, 0),
      600,
    );
  });

  it('reads JPEG and WebP too and turns the picture upright', async () => {
    const red = { create: { width: 40, height: 24, channels: 3, background: '#f00' } } as const;
    const jpeg = await sharp(red).withMetadata({ orientation: 6 }).jpeg().toBuffer();
    const webp = await sharp(red).webp().toBuffer();
    for (const [bytes, type, width] of [
      [jpeg, 'image/jpeg', 24],
      [webp, 'image/webp', 40],
    ] as const) {
      const url = `${endpoint}?model=tiny&format=labels`;
      const labels = await pixelsOf(await postPicture(url, bytes, { type }));
      assert.equal(labels.width, width);
      assert.ok(labels.data.every((label) => label === 0));
    }
  });

  it('uses the first model by name unless told otherwise', async () => {
    const url = `${endpoint}?format=json`;
    const { model } = (await (await postPicture(url, png)).json()) as { model: string };
    assert.equal(model, 'slow');
  });

  it('keeps concurrent requests apart', async () => {
    const pictures = Array.from({ length: 12 }, (_, i) => testPicture(24, 16, i * 31));
    const answers = await Promise.all(
      pictures.map(async (one) =>
        pixelsOf(await postPicture(`${endpoint}?model=tiny&format=labels`, await toPng(one))),
      ),
    );
    for (const [i, { data }] of answers.entries()) {
      assert.deepEqual(
        Array.from(data),
        Array.from(strongestChannel(pictures[i]!)),
        `picture ${i}`,
      );
    }
  });

  it('answers other requests while a slow picture is inferred', async () => {
    const slow = postPicture(
      `${endpoint}?model=slow&format=json`,
      await toPng(testPicture(SLOW_SIZE.width, SLOW_SIZE.height)),
    );
    let finished = false;
    void slow.then(() => (finished = true));
    let probes = 0;
    let longest = 0;
    while (!finished) {
      const start = performance.now();
      assert.equal((await fetch(`${service.url}/healthz`)).status, 200);
      longest = Math.max(longest, performance.now() - start);
      probes++;
    }
    const { milliseconds } = (await (await slow).json()) as { milliseconds: { inference: number } };
    assert.ok(
      milliseconds.inference > 50,
      `the test needs a slow model: ${milliseconds.inference} ms`,
    );
    // Were the loop blocked, one probe would wait for the whole of it. (Not less: the machine may be busy.)
    assert.ok(longest < milliseconds.inference * 0.8, `a probe took ${longest} ms`);
    assert.ok(probes > 5, `${probes} probes`);
  });

  it('tells the times and the model of a PNG by its headers', async () => {
    const { headers } = await postPicture(`${endpoint}?model=tiny`, png);
    assert.match(headers.get('server-timing')!, /^decode;dur=[\d.]+, queue;.*inference;.*encode;/);
    assert.equal(headers.get('x-segprobe-model'), 'tiny');
  });

  for (const { name, query, accept, decoded } of [
    {
      name: 'for Accept: multipart/mixed',
      query: '',
      accept: 'multipart/mixed',
      decoded: 'palette',
    },
    { name: 'for ?format=labels', query: '&format=labels', accept: '*/*', decoded: 'grey' },
  ]) {
    it(`answers several pictures in parts ${name}`, async () => {
      const body = formOf(['image', png, 'a b.jpeg'], ['image', png, '"x".png']);
      const url = `${endpoint}?model=tiny${query}`;
      const response = await fetch(url, { method: 'POST', body, headers: { Accept: accept } });
      assert.equal(response.status, 200);
      assert.match(response.headers.get('server-timing')!, /^decode;dur=[\d.]+, .*encode;dur=/);
      const parts = await readParts(response);
      assert.deepEqual(
        parts.map(({ headers }) => headers.get('content-disposition')),
        ['attachment; filename="a b.png"', 'attachment; filename="_22x_22.png"'],
      );
      for (const { headers, bytes } of parts) {
        assert.equal(headers.get('content-type'), 'image/png');
        assert.equal(headers.get('x-segprobe-model'), 'tiny');
        const { data, palette } = decode(bytes, { checkCrc: true });
        assert.deepEqual(Array.from(data), expected);
        assert.equal(palette === undefined, decoded === 'grey');
      }
    });
  }
});
