import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { decodePicture } from '../../src/data/decode.js';
import { openModel, openModels } from '../../src/inference/open-model.js';
import { createInferencePool } from '../../src/inference/pool.js';
import type { InferencePool } from '../../src/inference/pool.js';
import { resizeLabelMap } from '../../src/shared/label-map.js';
import { decodeModel, encodeModel } from '../../src/shared/onnx/index.js';
import { strongestChannel, testPicture, toPng } from '../support/rgb-pictures.js';
import { tinyManifest, tinyVictim, writeTinyVictim } from '../support/tiny-models.js';
import { scratchFolder } from '../support/scratch-folder.js';

describe('createInferencePool', () => {
  let folder: string;
  let remove: () => Promise<void>;
  let pool: InferencePool;
  before(async () => {
    ({ folder, remove } = await scratchFolder());
    await writeTinyVictim(folder, 'tiny');
    const facts = { inputSize: { height: 360, width: 480 } };
    await writeTinyVictim(folder, 'slow', { facts, ballast: 1 });
    pool = createInferencePool({ models: await openModels(folder), maxQueue: 4 });
    await pool.warmUp();
  });
  after(async () => {
    await pool.close();
    await remove();
  });

  it('labels every pixel of a picture of the model’s size as the model says', async () => {
    const picture = testPicture(24, 16);
    const { labels, height, width, pixelCounts } = await pool.segment('tiny', picture);
    const expected = strongestChannel(picture);
    assert.deepEqual([height, width], [16, 24]);
    assert.deepEqual(Array.from(labels), Array.from(expected));
    assert.deepEqual(
      pixelCounts,
      [0, 1, 2].map((k) => expected.filter((label) => label === k).length),
    );
    // The picture shows all classes, or the test would say nothing.
    assert.ok(pixelCounts.every((count) => count > 0));
  });

  it('leaves the caller’s picture as it was', async () => {
    const picture = testPicture(24, 16);
    await pool.segment('tiny', picture, { overlay: { picture, opacity: 0.5 } });
    assert.deepEqual(picture.data, testPicture(24, 16).data);
  });

  it('gives the labels back at the size of a picture that was resized', async () => {
    // Left half red, right half blue: 48×32 is halved to 24×16 and back.
    const data = new Uint8Array(48 * 32 * 3);
    for (let i = 0; i < 48 * 32; i++) data[3 * i + (i % 48 < 24 ? 0 : 2)] = 250;
    const { labels, height, width } = await pool.segment('tiny', { width: 48, height: 32, data });
    assert.deepEqual([height, width, labels.length], [32, 48, 48 * 32]);
    const row = [...new Array<number>(24).fill(0), ...new Array<number>(24).fill(2)];
    for (let y = 0; y < 32; y++)
      assert.deepEqual(Array.from(labels.subarray(y * 48, y * 48 + 48)), row);
  });

  it('sees a picture of another size as decodePicture resizes it', async () => {
    // Wider and lower than the model's size: one axis shrinks, the other grows.
    const picture = testPicture(61, 9);
    const decoded = await decodePicture(await toPng(picture), { size: { height: 16, width: 24 } });
    const { labels } = await pool.segment('tiny', picture, { outputSize: decoded });
    assert.deepEqual(Array.from(labels), Array.from(strongestChannel(decoded)));
  });

  it('resizes labels to the output size by the nearest pixel', async () => {
    const picture = testPicture(24, 16);
    const outputSize = { height: 37, width: 7 };
    const { labels } = await pool.segment('tiny', picture, { outputSize });
    const expected = resizeLabelMap(strongestChannel(picture), picture, outputSize);
    assert.deepEqual(Array.from(labels), Array.from(expected));
  });

  it('paints the overlay with the classes’ colours', async () => {
    const picture = testPicture(24, 16);
    const { overlay, labels } = await pool.segment('tiny', picture, {
      overlay: { picture, opacity: 0.25 },
    });
    const { palette } = pool.models.get('tiny')!.facts;
    const expected = Array.from(picture.data, (value, i) =>
      Math.floor(value * 0.75 + palette[labels[Math.floor(i / 3)]!]![i % 3]! * 0.25 + 0.5),
    );
    assert.deepEqual(Array.from(overlay!), expected);
  });

  it('keeps pictures apart that are asked for at once', async () => {
    const pictures = [1, 2, 3, 4].map((seed) => testPicture(24, 16, seed * 1000));
    const results = await Promise.all(pictures.map((picture) => pool.segment('tiny', picture)));
    for (const [i, { labels }] of results.entries()) {
      assert.deepEqual(
        Array.from(labels),
        Array.from(strongestChannel(pictures[i]!)),
        `picture ${i}`,
      );
    }
    assert.notDeepEqual(results[0]!.labels, results[1]!.labels);
  });

  it('leaves the event loop free while it infers', async () => {
    let worst = 0;
    let last = performance.now();
    const timer = setInterval(() => {
      const now = performance.now();
      worst = Math.max(worst, now - last);
      last = now;
    }, 2);
    const { milliseconds } = await pool.segment('slow', testPicture(480, 360));
    clearInterval(timer);
    const { inference } = milliseconds;
    assert.ok(inference > 100, `the test needs a slow model, took ${inference} ms`);
    // Were it blocked, it would be for the whole of it. (Not less: the machine may be busy.)
    assert.ok(worst < inference * 0.8, `blocked for ${worst} ms of ${inference}`);
  });

  it('refuses what does not fit in the queue and goes on afterwards', async () => {
    const slow = testPicture(480, 360);
    const results = await Promise.allSettled(
      Array.from({ length: 7 }, () => pool.segment('slow', slow)),
    );
    const refused = results.filter(({ status }) => status === 'rejected');
    // One runs for each worker and four wait.
    assert.equal(refused.length, 7 - pool.workers - 4);
    for (const { reason } of refused as PromiseRejectedResult[]) {
      assert.equal((reason as { code: string }).code, 'QUEUE_FULL');
    }
    await pool.segment('tiny', testPicture(24, 16));
  });

  it('is cancelled by a signal while waiting and while running', async () => {
    const running = new AbortController();
    const waiting = new AbortController();
    const slow = testPicture(480, 360);
    const works = [running, waiting].map(({ signal }) => pool.segment('slow', slow, { signal }));
    const refusals = works.map((work) => assert.rejects(work, { code: 'CANCELLED' }));
    setTimeout(() => {
      running.abort();
      waiting.abort();
    }, 30);
    await Promise.all(refusals);
    await assert.rejects(pool.segment('tiny', slow, { signal: AbortSignal.abort() }), {
      code: 'CANCELLED',
    });
    const { labels } = await pool.segment('tiny', testPicture(24, 16));
    assert.equal(labels.length, 24 * 16);
  });

  it('refuses a model it has not, naming those it has', async () => {
    await assert.rejects(pool.segment('nobody', testPicture(24, 16)), {
      code: 'MODEL_NOT_FOUND',
      message: 'expected the name of a victim (slow, tiny), got "nobody"',
    });
  });
});

describe('InferencePool.warmUp', () => {
  let folder: string;
  let remove: () => Promise<void>;
  beforeEach(async () => ({ folder, remove } = await scratchFolder()));
  afterEach(() => remove());

  async function refusalOf(bytes: Uint8Array): Promise<unknown> {
    const file = path.join(folder, 'odd.onnx');
    await writeFile(file, bytes);
    await writeFile(path.join(folder, 'odd.json'), JSON.stringify(tinyManifest('odd', bytes)));
    const pool = createInferencePool({ models: [await openModel(file)] });
    try {
      return await pool.warmUp().then(
        () => undefined,
        (error: unknown) => error,
      );
    } finally {
      await pool.close();
    }
  }

  it('refuses a model whose logits are not those of its classes', async () => {
    const facts = { classes: ['red', 'green'], palette: [[1, 2, 3] as const, [4, 5, 6] as const] };
    const file = await writeTinyVictim(folder, 'odd');
    const bytes = await readFile(file);
    const manifest = { ...tinyManifest('odd', bytes), ...facts };
    await writeFile(path.join(folder, 'odd.json'), JSON.stringify(manifest));
    const pool = createInferencePool({ models: [await openModel(file)] });
    await assert.rejects(pool.warmUp(), {
      code: 'MODEL_INVALID',
      message: `${file}: expected logits float32 [1,2,16,24], got float32 [1,3,16,24]`,
    });
    await pool.close();
  });

  it('refuses a model whose operator does not exist, naming the file', async () => {
    const model = decodeModel(tinyVictim());
    const node = [{ ...model.graph.node[0]!, opType: 'Convolute' }];
    const error = await refusalOf(encodeModel({ ...model, graph: { ...model.graph, node } }));
    assert.match(
      String(error),
      /odd\.onnx: expected a model that ONNX Runtime loads, got .*Convolute/s,
    );
  });

  it('refuses a model whose output has another name', async () => {
    const model = decodeModel(tinyVictim());
    const node = [{ ...model.graph.node[0]!, output: ['scores'] }];
    const output = [{ ...model.graph.output[0]!, name: 'scores' }];
    const error = await refusalOf(
      encodeModel({ ...model, graph: { ...model.graph, node, output } }),
    );
    assert.match(String(error), /expected logits float32 \[1,3,16,24\], got no such output/);
  });
});
