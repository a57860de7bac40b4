import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { decode } from 'fast-png';
import { pino } from 'pino';
import request from 'supertest';
import { openModels } from '../../src/inference/open-model.js';
import { encodeLabelPng } from '../../src/inference/palette-png.js';
import { type RunningServer, startServer } from '../../src/serve/server.js';
import { measurePerturbation } from '../../src/shared/perturbation.js';
import { strongestChannel, testPicture, toPng } from '../support/rgb-pictures.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { formOf, postPicture } from '../support/test-server.js';
import { TINY_FACTS, tinyAttacker, writeTinyVictim } from '../support/tiny-models.js';

const STEPS = [60, 0, -30] as const;
const SIZE = { width: 24, height: 16 };
const PIXELS = SIZE.width * SIZE.height;

interface Attack {
  readonly flippedShare: number;
  readonly classes: readonly Record<string, unknown>[];
  readonly labels: { readonly before: string; readonly after: string };
  readonly [key: string]: unknown;
}

describe('POST /attack', () => {
  let server: RunningServer;
  let endpoint: string;
  let remove: () => Promise<void>;
  let png: Buffer;
  const picture = testPicture(SIZE.width, SIZE.height);
  const moved = (strength: number): Uint8Array =>
    picture.data.map((value, i) => {
      const whole = Math.min(255, Math.max(0, value + STEPS[i % 3]!));
      return Math.round(value + strength * (whole - value));
    });
  const shifted = { ...picture, data: moved(1) };
  const clean = strongestChannel(picture);
  const attacked = strongestChannel(shifted);
  const flippedOf = (isCounted: (k: number) => boolean): number =>
    [...clean].filter((k, i) => isCounted(k) && k !== attacked[i]).length;

  before(async () => {
    let folder: string;
    ({ folder, remove } = await scratchFolder());
    await writeTinyVictim(folder, 'tiny');
    await writeFile(path.join(folder, 'shift.onnx'), tinyAttacker(STEPS));
    server = await startServer({
      models: await openModels(folder),
      logger: pino({ level: 'silent' }),
      port: 0,
      workers: 1,
    });
    await server.ready;
    endpoint = `${server.url}/attack`;
    png = await toPng(picture);
  });
  after(async () => {
    await server.close();
    await remove();
  });

  async function pixels(url: string): Promise<number[]> {
    const response = await postPicture(url, png);
    assert.equal(response.status, 200);
    assert.equal(response.headers.get('content-type'), 'image/png');
    return [...decode(new Uint8Array(await response.arrayBuffer()), { checkCrc: true }).data];
  }
  async function json(query: string, body?: FormData): Promise<Attack> {
    const url = `${endpoint}?format=json${query}`;
    const response = body
      ? await fetch(url, { method: 'POST', body })
      : await postPicture(url, png);
    assert.equal(response.status, 200);
    return (await response.json()) as Attack;
  }

  it('answers the attacked picture where the client likes anything', async () => {
    assert.deepEqual(await pixels(endpoint), [...shifted.data]);
  });

  it('answers what the victim says of it, as mask and as class numbers', async () => {
    for (const format of ['mask', 'labels']) {
      assert.deepEqual(await pixels(`${endpoint}?format=${format}`), [...attacked]);
    }
  });

  it('says in headers what JSON would: model, method, share of flipped pixels', async () => {
    const { headers } = await postPicture(endpoint, png);
    assert.deepEqual(
      ['model', 'method', 'flipped-share'].map((name) => headers.get(`x-segprobe-${name}`)),
      ['tiny', 'shift', (flippedOf(() => true) / PIXELS).toFixed(6)],
    );
    assert.match(headers.get('server-timing')!, /decode;dur=[\d.]+, queue;dur=[\d.]+, inference/);
  });

  it('answers both label maps, the perturbation and what flipped, as JSON', async () => {
    const { milliseconds, labels, classes, ...figures } = await json('');
    assert.deepEqual(figures, {
      ...{ model: 'tiny', method: 'shift', strength: 1, ...SIZE },
      ...measurePerturbation(picture.data, shifted.data, SIZE),
      flippedShare: flippedOf(() => true) / PIXELS,
      ...{ miou: null, miouAttacked: null, pixelAccuracy: null, pixelAccuracyAttacked: null },
    });
    const count = (of: Uint8Array, k: number) => of.filter((label) => label === k).length;
    assert.deepEqual(
      classes,
      [0, 1, 2].map((k) => ({
        name: TINY_FACTS.classes[k],
        color: TINY_FACTS.palette[k],
        share: count(clean, k) / PIXELS,
        shareAttacked: count(attacked, k) / PIXELS,
        flippedShare:
          count(clean, k) === 0 ? null : flippedOf((own) => own === k) / count(clean, k),
        ...{ iou: null, iouAttacked: null },
      })),
    );
    const decoded = [labels.before, labels.after].map((text) => [
      ...decode(Buffer.from(text, 'base64')).data,
    ]);
    assert.deepEqual(decoded, [[...clean], [...attacked]]);
    assert.ok((milliseconds as Record<string, number>)['inference']! > 0);
  });

  it('gives IoU before and after beside a label', async () => {
    const label = await encodeLabelPng(clean, SIZE);
    const found = await json('', formOf(['image', png], ['label', label]));
    assert.equal(found['miou'], 1);
    assert.equal(found['pixelAccuracyAttacked'], (PIXELS - flippedOf(() => true)) / PIXELS);
  });

  it('makes a share of the change, and nothing at strength 0', async () => {
    assert.deepEqual(await pixels(`${endpoint}?strength=0.5`), [...moved(0.5)]);
    assert.deepEqual(await pixels(`${endpoint}?strength=0`), [...picture.data]);
  });

  it('takes controls, which know no victim, by name', async () => {
    const found = await json('&method=noise&strength=0.25');
    assert.deepEqual([found['method'], found['linf']], ['noise', 32 / 255]);
  });

  it('attacks several pictures, each with its label', async () => {
    const label = await encodeLabelPng(clean, SIZE);
    const form = formOf(['image', png], ['label', label], ['image', png], ['label', label]);
    const response = await fetch(endpoint, { method: 'POST', body: form });
    const { images } = (await response.json()) as { images: Attack[] };
    assert.deepEqual(
      images.map((found) => [found['name'], found['miou']]),
      [
        ['image.png', 1],
        ['image.png', 1],
      ],
    );
  });

  it('lists the attackers and the controls', async () => {
    const { body } = await request(server.url).get('/attackers').expect(200);
    const { attackers, controls } = body as Record<string, Record<string, unknown>[]>;
    assert.deepEqual(
      attackers!.map(({ name, default: preferred }) => [name, preferred]),
      [['shift', true]],
    );
    assert.deepEqual(
      controls!.map(({ name }) => name),
      ['noise', 'blur', 'hue', 'jpeg'],
    );
    assert.deepEqual(controls![0]!['range'], [0, 128]);
  });

  describe('refuses', () => {
    for (const { name, query, status, code, detail } of [
      {
        name: 'an attacker that is not there',
        query: 'attacker=nobody',
        ...{ status: 404, code: 'MODEL_NOT_FOUND' },
        detail: /\(shift, noise, blur, hue, jpeg\), got "nobody"/,
      },
      {
        name: 'a victim as an attacker',
        query: 'attacker=tiny',
        ...{ status: 404, code: 'MODEL_NOT_FOUND', detail: /got "tiny"/ },
      },
      {
        name: 'an attacker and a method',
        query: 'attacker=shift&method=noise',
        ...{ status: 400, code: 'INVALID_REQUEST', detail: /got both/ },
      },
      ...['-0.1', '1.5', 'much', '', 'NaN'].map((strength) => ({
        name: `the strength "${strength}"`,
        query: `strength=${strength}`,
        ...{ status: 400, code: 'INVALID_REQUEST', detail: /strength from 0 to 1/ },
      })),
      {
        name: 'a format that does not exist',
        query: 'format=gif',
        ...{
          status: 400,
          code: 'INVALID_REQUEST',
          detail: /attacked, mask, overlay, labels, json/,
        },
      },
    ]) {
      it(name, async () => {
        const response = await postPicture(`${endpoint}?${query}`, png);
        assert.equal(response.status, status);
        const problem = (await response.json()) as { code: string; detail: string };
        assert.equal(problem.code, code);
        assert.match(problem.detail, detail);
      });
    }

    it('a label for one picture of two, and a label of another size', async () => {
      const label = await encodeLabelPng(clean, SIZE);
      const small = await encodeLabelPng(new Uint8Array(8), { width: 4, height: 2 });
      for (const [form, status, code] of [
        [formOf(['image', png], ['label', label], ['image', png]), 400, 'INVALID_REQUEST'],
        [formOf(['image', png], ['label', small]), 422, 'SHAPE_MISMATCH'],
        [formOf(['image', png], ['label', 'no label']), 415, 'IMAGE_UNSUPPORTED'],
      ] as const) {
        const response = await fetch(endpoint, { method: 'POST', body: form });
        const problem = (await response.json()) as { code: string };
        assert.deepEqual([response.status, problem.code], [status, code]);
      }
    });
  });
});
