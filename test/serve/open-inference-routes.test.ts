import assert from 'node:assert/strict';
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pino } from 'pino';
import request from 'supertest';
import { DEFAULT_MODELS_FOLDER, openModels } from '../../src/inference/open-model.js';
import { type RunningServer, startServer } from '../../src/serve/server.js';
import { createRandom } from '../../src/shared/random.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { tinyAttacker, writeTinyVictim } from '../support/tiny-models.js';

const VICTIM = 'enet-camvid';
const HEADER = 'Inference-Header-Content-Length';

describe('the Open Inference Protocol', function () {
  this.timeout(60_000);
  let server: RunningServer;
  let remove: () => Promise<void>;
  before(async () => {
    let folder: string;
    ({ folder, remove } = await scratchFolder());
    await mkdir(folder, { recursive: true });
    await writeTinyVictim(folder, 'tiny');
    await writeFile(path.join(folder, 'shift.onnx'), tinyAttacker([51, 0, 0]));
    for (const ending of ['onnx', 'json', 'serve.onnx']) {
      const file = `${VICTIM}.${ending}`;
      await copyFile(path.join(DEFAULT_MODELS_FOLDER, file), path.join(folder, file));
    }
    server = await startServer({
      models: await openModels(folder),
      logger: pino({ level: 'silent' }),
      port: 0,
      workers: 1,
    });
    await server.ready;
  });
  after(async () => {
    await server.close();
    await remove();
  });

  const get = (at: string) => request(server.url).get(at);
  const infer = (model: string, body: unknown) =>
    request(server.url)
      .post(`/v2/models/${model}/infer`)
      .send(body as object);

  it('says what serves, and that it is alive and ready', async () => {
    const { body } = await get('/v2').expect(200);
    const { name, extensions } = body as { name: string; extensions: string[] };
    assert.deepEqual([name, extensions], ['segprobe', ['binary_tensor_data']]);
    assert.deepEqual((await get('/v2/health/live').expect(200)).body, { live: true });
    assert.deepEqual((await get('/v2/health/ready').expect(200)).body, { ready: true });
    const { body: ready } = await get('/v2/models/tiny/ready').expect(200);
    assert.deepEqual(ready, { name: 'tiny', ready: true });
  });

  for (const { name, inputs, outputs } of [
    {
      name: 'tiny',
      inputs: [{ name: 'image', datatype: 'FP32', shape: [-1, 3, -1, -1] }],
      outputs: [{ name: 'logits', datatype: 'FP32', shape: [-1, 3, -1, -1] }],
    },
    {
      name: 'shift',
      inputs: [{ name: 'image', datatype: 'FP32', shape: [-1, 3, -1, -1] }],
      outputs: [{ name: 'attacked', datatype: 'FP32', shape: [-1, 3, -1, -1] }],
    },
    {
      name: `${VICTIM}.serve`,
      inputs: [{ name: 'image_u8', datatype: 'UINT8', shape: [-1, -1, -1, 3] }],
      outputs: [{ name: 'labels', datatype: 'UINT8', shape: [-1, -1, -1] }],
    },
  ]) {
    it(`describes ${name}`, async () => {
      const { body } = await get(`/v2/models/${name}`).expect(200);
      const platform = 'onnxruntime_onnx';
      assert.deepEqual(body, { name, versions: ['1'], platform, inputs, outputs });
    });
  }

  it('infers by numbers in JSON', async () => {
    const data = Array.from({ length: 192 }, (_, i) => (i % 64) / 64);
    const { body } = await infer('shift', {
      id: 'mine',
      inputs: [{ name: 'image', shape: [1, 3, 8, 8], datatype: 'FP32', data }],
    }).expect(200);
    const { model_name, id, outputs } = body as {
      model_name: string;
      id: string;
      outputs: { name: string; datatype: string; shape: number[]; data: number[] }[];
    };
    assert.deepEqual([model_name, id], ['shift', 'mine']);
    const [{ name, datatype, shape, data: found }] = outputs as [(typeof outputs)[number]];
    assert.deepEqual([name, datatype, shape], ['attacked', 'FP32', [1, 3, 8, 8]]);
    found.forEach((value, i) => {
      const expected = Math.min(1, data[i]! + (i < 64 ? 0.2 : 0)); // Red is the first plane.
      assert.ok(Math.abs(value - expected) < 1e-6, `${i}: ${value}, ${expected}`);
    });
  });

  it('infers by bytes behind the JSON; a serving form gives the labels of its victim', async () => {
    const [height, width] = [16, 24];
    const random = createRandom(5);
    const bytes = Uint8Array.from({ length: height * width * 3 }, () => Math.floor(256 * random()));
    const planes = new Float32Array(bytes.length);
    bytes.forEach((value, i) => {
      planes[(i % 3) * height * width + Math.floor(i / 3)] = value / 255;
    });
    const ask = async (model: string, input: object, tensor: Uint8Array) => {
      const json = Buffer.from(
        JSON.stringify({
          inputs: [{ ...input, parameters: { binary_data_size: tensor.length } }],
          parameters: { binary_data_output: true },
        }),
      );
      const response = await fetch(`${server.url}/v2/models/${model}/infer`, {
        method: 'POST',
        headers: { [HEADER]: String(json.length), 'Content-Type': 'application/octet-stream' },
        body: Buffer.concat([json, tensor]),
      });
      assert.equal(response.status, 200);
      const length = Number(response.headers.get(HEADER));
      return new Uint8Array(await response.arrayBuffer()).slice(length);
    };
    const labels = await ask(
      `${VICTIM}.serve`,
      { name: 'image_u8', shape: [1, height, width, 3], datatype: 'UINT8' },
      bytes,
    );
    const image = { name: 'image', shape: [1, 3, height, width], datatype: 'FP32' };
    const answer = await ask(VICTIM, image, new Uint8Array(planes.buffer));
    const logits = new Float32Array(answer.buffer);
    const plane = height * width;
    const wrong = labels.filter((label, i) => {
      const own = logits[label * plane + i]!;
      return Array.from({ length: 12 }, (_, k) => logits[k * plane + i]!).some(
        (value) => value > own + 1e-3,
      );
    });
    assert.equal(labels.length, plane);
    assert.equal(wrong.length, 0);
  });

  const tensor = { name: 'image', shape: [1, 3, 8, 8], datatype: 'FP32', data: [1] };
  for (const { name, model = 'tiny', body, status, code } of [
    {
      name: 'a model that is not there',
      model: 'nobody',
      body: {},
      status: 404,
      code: 'MODEL_NOT_FOUND',
    },
    { name: 'no inputs', body: {}, status: 400, code: 'INVALID_REQUEST' },
    { name: 'too few numbers', body: { inputs: [tensor] }, status: 400, code: 'INVALID_REQUEST' },
    {
      name: 'a shape that the model does not take',
      body: { inputs: [{ ...tensor, shape: [1, 3, 7, 8] }] },
      ...{ status: 422, code: 'SHAPE_MISMATCH' },
    },
  ]) {
    it(`refuses ${name}, with the words where the protocol has them`, async () => {
      const response = await infer(model, body);
      const found = response.body as { code: string; error: string; detail: string };
      assert.deepEqual([response.status, found.code], [status, code]);
      assert.ok(found.error.length > 0 && found.error === found.detail);
    });
  }

  it('refuses JSON that is none, and a length that is no number', async () => {
    const post = (headers: Record<string, string>) =>
      fetch(`${server.url}/v2/models/tiny/infer`, { method: 'POST', headers, body: '{' });
    for (const headers of [{}, { [HEADER]: '-1' }, { [HEADER]: '99' }]) {
      assert.equal((await post(headers)).status, 400);
    }
    assert.equal((await post({ 'Content-Encoding': 'gzip' })).status, 415);
  });
});
