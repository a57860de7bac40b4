import assert from 'node:assert/strict';
import { z } from 'zod';
import { DEFAULT_MODELS_FOLDER, openModels } from '../../../src/inference/open-model.js';
import { HTTP_STATUS } from '../../../src/serve/http-status.js';
import { postEvaluation } from '../../support/evaluation-server.js';
import { testPicture, toPng } from '../../support/rgb-pictures.js';
import {
  formOf,
  postPicture,
  startTestServer,
  type TestServer,
} from '../../support/test-server.js';

interface Described {
  readonly openapi: string;
  readonly info: { readonly description: string };
  readonly paths: Record<string, Record<string, DescribedOperation>>;
  readonly components: { readonly schemas: Record<string, object> };
}
interface DescribedOperation {
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
  readonly responses: Record<string, { readonly content?: Record<string, { schema: object }> }>;
}

describe('GET /openapi.json', function () {
  this.timeout(60_000);
  let service: TestServer;
  let described: Described;
  let png: Buffer;
  before(async () => {
    service = await startTestServer({ models: await openModels(DEFAULT_MODELS_FOLDER) });
    described = (await (await fetch(`${service.url}/openapi.json`)).json()) as Described;
    png = await toPng(testPicture(48, 32));
  });
  after(() => service.stop());

  it('is OpenAPI 3.1 and names the contract’s routes with their methods', () => {
    assert.equal(described.openapi, '3.1.0');
    for (const [path, method] of [
      ['/segment', 'post'],
      ['/attack', 'post'],
      ['/models', 'get'],
      ['/attackers', 'get'],
      ['/datasets', 'get'],
      ['/evaluations', 'post'],
      ['/evaluations', 'get'],
      ['/evaluations/{id}', 'get'],
      ['/evaluations/{id}', 'delete'],
      ['/evaluations/{id}/events', 'get'],
      ['/evaluations/{id}/report', 'get'],
      ['/evaluations/{id}/faults', 'get'],
      ['/metrics', 'get'],
      ['/healthz', 'get'],
      ['/readyz', 'get'],
      ['/docs', 'get'],
      ['/openapi.json', 'get'],
      ['/v2/models/{name}/infer', 'post'],
    ] as const) {
      assert.ok(described.paths[path]?.[method], `${method} ${path}`);
    }
  });

  it('describes the parameters that are parsed', () => {
    const { parameters } = described.paths['/attack']!['post']!;
    assert.deepEqual(
      parameters!.map(({ name, in: place }) => [name, place]),
      ['attacker', 'method', 'strength', 'model', 'format'].map((name) => [name, 'query']),
    );
  });

  it('meets nothing but what it describes: every path answers, every other one is not found', async () => {
    for (const [path, operations] of Object.entries(described.paths)) {
      const url = service.url + path.replace('{name}', 'enet-camvid').replace(/\{\w+\}/, 'x');
      const response = await fetch(url, { method: 'OPTIONS' });
      const allowed = response.headers.get('allow')?.toLowerCase().split(', ');
      const expected = Object.keys(operations).flatMap((m) =>
        m === 'get' ? ['get', 'head'] : [m],
      );
      assert.deepEqual(allowed, expected, path);
    }
    assert.equal((await fetch(`${service.url}/nowhere`, { method: 'OPTIONS' })).status, 404);
  });

  it('lists every code with its status', () => {
    for (const [code, status] of [
      ['IMAGE_TOO_LARGE', 413],
      ['RATE_LIMITED', 429],
      ['QUEUE_FULL', 503],
      ['NOT_FOUND', 404],
    ] as const) {
      assert.equal(HTTP_STATUS[code], status);
      assert.ok(described.info.description.includes(`| \`${code}\` | ${status} |`), code);
    }
  });

  /** Checks an answer against the description, with references to its components resolved. */
  async function check(method: string, path: string, response: Response): Promise<void> {
    const type = response.headers.get('content-type')!.split(';')[0]!;
    const answer = described.paths[path]![method]!.responses[response.status];
    const schema = answer?.content?.[type]?.schema;
    assert.ok(schema, `${method} ${path}: ${response.status} ${type} is not described`);
    if (!/json$/.test(type)) return;
    const text = JSON.stringify({ ...schema, $defs: described.components.schemas });
    const json = JSON.parse(text.replaceAll('#/components/schemas/', '#/$defs/')) as object;
    const result = z.fromJSONSchema(json as never).safeParse(await response.json());
    assert.ok(result.success, `${method} ${path}: ${result.error?.message}`);
  }

  it('is kept by answers', async () => {
    const { url } = service;
    for (const path of [
      '/',
      '/healthz',
      '/readyz',
      '/models',
      '/attackers',
      '/datasets',
      '/evaluations',
      '/metrics',
      '/docs',
      '/v2',
    ]) {
      await check('get', path, await fetch(url + path));
    }
    const infer = {
      inputs: [
        { name: 'image_u8', shape: [1, 8, 8, 3], datatype: 'UINT8', data: new Array(192).fill(9) },
      ],
    };
    const sent = { method: 'POST', body: JSON.stringify(infer) };
    const answered = await fetch(`${url}/v2/models/enet-camvid.serve/infer`, sent);
    assert.equal(answered.status, 200);
    await check('post', '/v2/models/{name}/infer', answered);
    await check('get', '/v2/models/{name}', await fetch(`${url}/v2/models/enet-camvid`));
    for (const route of ['/segment', '/attack']) {
      for (const format of ['json', 'mask', 'multipart/mixed']) {
        await check('post', route, await postPicture(`${url}${route}?format=${format}`, png));
      }
      const many = { method: 'POST', body: formOf(['image', png], ['image', png]) };
      await check('post', route, await fetch(url + route, many));
    }
  });

  it('is kept by an evaluation', async () => {
    const { url } = service;
    const asked = { dataset: 'sample', split: 'val', victim: 'enet-camvid', limit: 1 };
    const submitted = await postEvaluation(url, asked);
    const path = submitted.headers.get('location')!;
    await check('post', '/evaluations', submitted);
    await check('get', '/evaluations/{id}/report', await fetch(`${url}${path}/report`));
    const events = await fetch(`${url}${path}/events`);
    await check('get', '/evaluations/{id}/events', events);
    await events.text();
    await check('get', '/evaluations/{id}', await fetch(url + path));
    await check('get', '/evaluations/{id}/report', await fetch(`${url}${path}/report`));
    await check('get', '/evaluations/{id}/faults', await fetch(`${url}${path}/faults`));
    await check('get', '/evaluations', await fetch(`${url}/evaluations`));
    const cancel = await fetch(url + path, { method: 'DELETE' });
    await check('delete', '/evaluations/{id}', cancel);
    await check('post', '/evaluations', await postEvaluation(url, { ...asked, dataset: 'x' }));
    await check('get', '/evaluations/{id}', await fetch(`${url}/evaluations/x`));
  });

  it('is kept by refusals', async () => {
    const { url } = service;
    await check('post', '/segment', await postPicture(`${url}/segment?model=x`, png));
    await check('post', '/attack', await postPicture(`${url}/attack?strength=2`, png));
    await check('post', '/segment', await postPicture(`${url}/segment`, Buffer.from('GIF89a')));
    const broken = { method: 'POST', body: '{' };
    await check(
      'post',
      '/v2/models/{name}/infer',
      await fetch(`${url}/v2/models/enet-camvid/infer`, broken),
    );
    await check('get', '/v2/models/{name}', await fetch(`${url}/v2/models/nobody`));
  });
});
