import assert from 'node:assert/strict';
import net from 'node:net';
import { encodeClaim } from '../support/pictures.js';
import { testPicture, toPng } from '../support/rgb-pictures.js';
import { formOf, postPicture, startTestServer } from '../support/test-server.js';
import type { TestServer } from '../support/test-server.js';

const BOUNDARY = 'b0undary';
const FORM = `multipart/form-data; boundary=${BOUNDARY}`;

function rawForm(text: string): Buffer {
  return Buffer.from(text.replaceAll('\n', '\r\n'));
}

describe('createApp', () => {
  let service: TestServer;
  let png: Buffer;
  before(async () => {
    service = await startTestServer({ maxBodyBytes: 100_000, maxPixels: 10_000, maxImages: 2 });
    png = await toPng(testPicture(24, 16));
  });
  after(() => service.stop());

  interface Refusal {
    readonly name: string;
    readonly send: (url: string) => Promise<Response>;
    readonly status: number;
    readonly code: string;
    readonly detail: RegExp;
  }
  const post = (path: string, init: RequestInit) => (url: string) =>
    fetch(url + path, { method: 'POST', ...init });
  const image = (bytes: () => Uint8Array | Promise<Uint8Array>, path = '/segment') => {
    return async (url: string): Promise<Response> => postPicture(url + path, await bytes());
  };
  const headed =
    (headers: Record<string, string>, path = '/segment') =>
    (url: string) =>
      postPicture(url + path, png, { headers });

  const refusals: Refusal[] = [
    {
      name: 'an empty body',
      send: image(() => new Uint8Array()),
      status: 400,
      code: 'IMAGE_EMPTY',
      detail: /got no body/,
    },
    {
      name: 'a request without body and type',
      send: post('/segment', {}),
      status: 400,
      code: 'IMAGE_EMPTY',
      detail: /got no body/,
    },
    {
      name: 'an empty file in a form',
      send: post('/segment', { body: formOf(['image', new Uint8Array(), 'a.png']) }),
      status: 400,
      code: 'IMAGE_EMPTY',
      detail: /^a\.png: .*got no bytes at all/,
    },
    {
      name: 'a truncated PNG',
      send: image(() => png.subarray(0, png.length - 40)),
      status: 400,
      code: 'IMAGE_UNREADABLE',
      detail: /expected a whole PNG picture, got a broken one/,
    },
    {
      name: 'text that is named .jpg',
      send: post('/segment', { body: formOf(['image', Buffer.from('hello'), 'cat.jpg']) }),
      status: 415,
      code: 'IMAGE_UNSUPPORTED',
      detail: /^cat\.jpg: .*got text$/,
    },
    {
      name: 'random bytes',
      send: image(() => Uint8Array.from({ length: 999 }, (_, i) => (i * 7919) % 251)),
      status: 415,
      code: 'IMAGE_UNSUPPORTED',
      detail: /got another format/,
    },
    {
      name: 'an SVG',
      send: image(() => Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><rect/></svg>')),
      status: 415,
      code: 'IMAGE_UNSUPPORTED',
      detail: /got text/,
    },
    {
      name: 'a picture of 1×1',
      send: image(() => toPng(testPicture(1, 1))),
      status: 422,
      code: 'IMAGE_TOO_SMALL',
      detail: /at least 8×8 pixels, got 1×1/,
    },
    {
      name: 'a PNG that claims 30,000×30,000',
      send: image(() => encodeClaim(30_000, 30_000)),
      status: 413,
      code: 'IMAGE_TOO_LARGE',
      detail: /at most 10000 pixels, got 30000×30000/,
    },
    {
      name: 'a picture of one pixel too many',
      send: image(() => toPng(testPicture(10_001 / 73, 73))),
      status: 413,
      code: 'IMAGE_TOO_LARGE',
      detail: /at most 10000 pixels, got 137×73/,
    },
    {
      name: 'a body that says it is too long',
      send: image(() => new Uint8Array(100_001)),
      status: 413,
      code: 'BODY_TOO_LARGE',
      detail: /at most 100000 bytes, got 100001/,
    },
    {
      name: 'a body that turns out to be too long',
      send: post('/segment', {
        headers: { 'Content-Type': 'image/png' },
        body: new Blob([new Uint8Array(100_001)]).stream(),
        duplex: 'half',
      }),
      status: 413,
      code: 'BODY_TOO_LARGE',
      detail: /at most 100000 bytes, got more/,
    },
    {
      name: 'more pictures than may be',
      send: (url) => {
        const body = formOf(['image', png], ['image', png], ['image', png]);
        return fetch(`${url}/segment`, { method: 'POST', body });
      },
      status: 413,
      code: 'BODY_TOO_LARGE',
      detail: /at most 2 pictures/,
    },
    {
      name: 'a body of another type',
      send: post('/segment', { body: '{}', headers: { 'Content-Type': 'application/json' } }),
      status: 415,
      code: 'UNSUPPORTED_MEDIA_TYPE',
      detail: /expected Content-Type image\/\* or multipart\/form-data, got application\/json/,
    },
    {
      name: 'a compressed body',
      send: headed({ 'Content-Encoding': 'gzip' }),
      status: 415,
      code: 'UNSUPPORTED_MEDIA_TYPE',
      detail: /without Content-Encoding, got gzip/,
    },
    {
      name: 'a form without boundary',
      send: post('/segment', { body: 'x', headers: { 'Content-Type': 'multipart/form-data' } }),
      status: 400,
      code: 'INVALID_REQUEST',
      detail: /malformed.*Boundary/,
    },
    {
      name: 'a form that is none',
      send: post('/segment', { body: 'no form', headers: { 'Content-Type': FORM } }),
      status: 400,
      code: 'INVALID_REQUEST',
      detail: /malformed/,
    },
    {
      name: 'a form that ends within a part',
      send: post('/segment', {
        body: rawForm(
          `--${BOUNDARY}\nContent-Disposition: form-data; name="image"; filename="a.png"\n\nabc`,
        ),
        headers: { 'Content-Type': FORM },
      }),
      status: 400,
      code: 'INVALID_REQUEST',
      detail: /malformed/,
    },
    {
      name: 'an empty form',
      send: post('/segment', {
        body: rawForm(`--${BOUNDARY}--\n`),
        headers: { 'Content-Type': FORM },
      }),
      status: 400,
      code: 'INVALID_REQUEST',
      detail: /part named "image"/,
    },
    {
      name: 'a form without image',
      send: (url) =>
        fetch(`${url}/segment`, { method: 'POST', body: formOf(['photo', png], ['note', 'x']) }),
      status: 400,
      code: 'INVALID_REQUEST',
      detail: /part named "image" with a picture, got "photo", "note"/,
    },
    {
      name: 'an image that is text in the form',
      send: post('/segment', { body: formOf(['image', 'just words']) }),
      status: 415,
      code: 'IMAGE_UNSUPPORTED',
      detail: /^image 1: /,
    },
    {
      name: 'the second of two pictures, by its name',
      send: (url) =>
        fetch(`${url}/segment`, {
          method: 'POST',
          body: formOf(['image', png, 'good.png'], ['image', Buffer.from('GIF89a'), 'bad.gif']),
        }),
      status: 415,
      code: 'IMAGE_UNSUPPORTED',
      detail: /^bad\.gif: .*got GIF/,
    },
    {
      name: 'a model that is not there',
      send: headed({}, '/segment?model=nobody'),
      status: 404,
      code: 'MODEL_NOT_FOUND',
      detail: /\(slow, tiny\), got "nobody"/,
    },
    {
      name: 'two models',
      send: headed({}, '/segment?model=tiny&model=slow'),
      status: 400,
      code: 'INVALID_REQUEST',
      detail: /one model/,
    },
    {
      name: 'a format that does not exist',
      send: headed({}, '/segment?format=gif'),
      status: 400,
      code: 'INVALID_REQUEST',
      detail: /expected format mask, overlay, labels, json, .* got "gif"/,
    },
    {
      name: 'an Accept without a type that there is',
      send: headed({ Accept: 'text/html' }),
      status: 406,
      code: 'NOT_ACCEPTABLE',
      detail: /image\/png or application\/json, got text\/html/,
    },
    {
      name: 'two pictures as one PNG by Accept',
      send: (url) =>
        fetch(`${url}/segment`, {
          method: 'POST',
          body: formOf(['image', png], ['image', png]),
          headers: { Accept: 'image/png' },
        }),
      status: 406,
      code: 'NOT_ACCEPTABLE',
      detail: /application\/json or multipart\/mixed for 2 pictures .* got Accept: image\/png/,
    },
    {
      name: 'two pictures as one PNG by format',
      send: (url) =>
        fetch(`${url}/segment?format=image/png`, {
          method: 'POST',
          body: formOf(['image', png], ['image', png]),
        }),
      status: 406,
      code: 'NOT_ACCEPTABLE',
      detail: /application\/json or multipart\/mixed for 2 pictures .* got \?format=image\/png/,
    },
    {
      name: 'a path that does not exist',
      send: (url) => fetch(`${url}/segments`),
      status: 404,
      code: 'NOT_FOUND',
      detail: /got \/segments/,
    },
    {
      name: 'a method that the path has not',
      send: (url) => fetch(`${url}/segment`),
      status: 405,
      code: 'METHOD_NOT_ALLOWED',
      detail: /expected POST for \/segment, got GET/,
    },
  ];

  for (const { name, send, status, code, detail } of refusals) {
    it(`refuses ${name}: ${status} ${code}`, async () => {
      const response = await send(service.url);
      assert.equal(response.headers.get('content-type'), 'application/problem+json');
      const problem = (await response.json()) as Record<string, unknown>;
      assert.deepEqual([response.status, problem['code']], [status, code], JSON.stringify(problem));
      assert.match(problem['detail'] as string, detail);
      const path = new URL(response.url).pathname;
      const title = code.charAt(0) + code.slice(1).toLowerCase().replaceAll('_', ' ');
      assert.deepEqual(
        { ...problem, detail: '' },
        {
          type: `urn:segprobe:error:${code}`,
          title,
          status,
          detail: '',
          instance: path,
          code,
          requestId: response.headers.get('x-request-id'),
        },
      );
    });
  }

  it('lists the methods of a path with 405 and OPTIONS', async () => {
    const refused = await fetch(`${service.url}/models`, { method: 'DELETE' });
    assert.equal(refused.headers.get('allow'), 'GET, HEAD');
    const options = await fetch(`${service.url}/segment`, { method: 'OPTIONS' });
    assert.deepEqual([options.status, options.headers.get('allow')], [204, 'POST']);
  });

  it('goes on when a client leaves in the middle of its upload', async () => {
    const { port, hostname } = new URL(service.url);
    await new Promise<void>((resolve, reject) => {
      const socket = net.connect(Number(port), hostname, () => {
        socket.write(
          'POST /segment HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\nContent-Length: 5000\r\n\r\nabc',
        );
        setTimeout(() => socket.destroy(), 50);
      });
      socket.on('close', () => resolve()).on('error', reject);
    });
    assert.equal((await postPicture(`${service.url}/segment?model=tiny`, png)).status, 200);
  });

  it('answers no request of this file with 5xx', () => {
    const statuses = service.log.flatMap(({ res }) =>
      res === undefined ? [] : [(res as { statusCode: number }).statusCode],
    );
    assert.ok(statuses.length >= refusals.length);
    assert.deepEqual(
      statuses.filter((status) => status >= 500),
      [],
    );
  });
});
