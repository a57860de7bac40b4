import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import request from 'supertest';
import { decodePicture } from '../../../src/data/decode.js';
import { parsePageModels } from '../../../src/shared/page-models.js';
import { startTestServer, type TestServer } from '../../support/test-server.js';

describe('createPage', function () {
  // The page is built where it is not yet.
  this.timeout(120_000);
  let service: TestServer;
  before(async () => (service = await startTestServer()));
  after(() => service.stop());
  const get = (path: string) => request(service.url).get(path);

  it('serves the page, isolated, by a policy without exceptions', async () => {
    const { text, headers } = await get('/').expect(200);
    assert.match(headers['content-type']!, /^text\/html/);
    assert.match(text, /<title>segprobe<\/title>/);
    assert.doesNotMatch(text, /https?:\/\//, 'nothing from elsewhere');
    assert.match(headers['content-security-policy']!, /script-src 'self' 'wasm-unsafe-eval';/);
    assert.doesNotMatch(headers['content-security-policy']!, /'unsafe-|https?:/);
    assert.equal(headers['cross-origin-opener-policy'], 'same-origin');
    assert.equal(headers['cross-origin-embedder-policy'], 'require-corp');
    assert.equal(headers['cache-control'], 'no-cache');
  });

  it('sends what the page loads compressed, to be kept for ever', async () => {
    const { text } = await get('/');
    const [, script] = /src="\.(\/assets\/[^"]+\.js)"/.exec(text)!;
    for (const encoding of ['br', 'gzip']) {
      const { headers } = await get(script!).set('Accept-Encoding', encoding).expect(200);
      assert.equal(headers['content-encoding'], encoding);
      assert.match(headers['content-type']!, /javascript/);
      assert.match(headers['cache-control']!, /max-age=31536000, immutable/);
    }
    const plain = await get(script!).set('Accept-Encoding', 'identity').expect(200);
    assert.equal(plain.headers['content-encoding'], undefined);
  });

  it('has scenes with their labels', async () => {
    await get('/samples/0.webp').expect(200).expect('Content-Type', 'image/webp');
    await get('/samples/5.label.png').expect(200).expect('Content-Type', 'image/png');
    await get('/samples/99.webp').expect(404);
  });

  it('leaves its folders to GET and HEAD', async () => {
    await request(service.url).head('/').expect(200);
    const { body } = await request(service.url).post('/').expect(405);
    assert.equal(body.code, 'METHOD_NOT_ALLOWED');
    await request(service.url).post('/assets/x.js').expect(404);
  });
});

describe('createModelFilesRoutes', () => {
  let service: TestServer;
  before(async () => (service = await startTestServer()));
  after(() => service.stop());
  const get = (path: string) => request(service.url).get(path);

  it('lists the models, each with the digest of its file', async () => {
    const { body } = await get('/models.json').expect(200);
    const { service: hasService, models } = parsePageModels(body);
    assert.equal(hasService, true);
    assert.deepEqual(models.map(({ name }) => name).sort(), ['slow', 'tiny']);
    for (const { file: listed } of models) {
      const { url, sha256, bytes } = listed;
      const { body: file, headers } = await get(`/${url}`).responseType('blob').expect(200);
      assert.equal(file.length, bytes);
      assert.equal(createHash('sha256').update(file).digest('hex'), sha256);
      assert.equal(headers['etag'], `"${sha256}"`);
      assert.match(headers['cache-control']!, /immutable/);
    }
  });

  it('answers a range, and with nothing where the file is known', async () => {
    const { headers } = await get('/onnx/tiny.onnx').expect(200);
    assert.equal(headers['cache-control'], 'no-cache');
    const part = await get('/onnx/tiny.onnx').set('Range', 'bytes=0-9').responseType('blob');
    assert.deepEqual([part.status, part.body.length], [206, 10]);
    assert.match(part.headers['content-range']!, /^bytes 0-9\/\d+$/);
    await get('/onnx/tiny.onnx').set('If-None-Match', headers['etag']!).expect(304);
    await get('/onnx/tiny.onnx').set('Range', 'bytes=99999999-').expect(416);
  });

  it('has what a model makes of a picture, for browsers to compare', async function () {
    this.timeout(120_000);
    const { body } = await get('/onnx/tiny.check.png').responseType('blob').expect(200);
    const { height, width } = await decodePicture(body as Buffer);
    assert.deepEqual([height, width], [120, 160]);
    await get('/onnx/nope.check.png').expect(404);
  });

  for (const file of ['nope.onnx', 'tiny', 'tiny.json', '..%2f..%2fpackage.json']) {
    it(`answers 404 for ${file}`, async () => {
      const { body } = await get(`/onnx/${file}`).expect(404);
      assert.equal(body.code, 'NOT_FOUND');
    });
  }
});
