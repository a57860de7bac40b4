import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Dataset } from '../../src/data/dataset.js';
import { evaluateDataset } from '../../src/inference/evaluate-dataset.js';
import { openModel, type OpenedModel } from '../../src/inference/open-model.js';
import { countPixels, createConfusionMatrix, scoresOf } from '../../src/shared/confusion-matrix.js';
import { SegprobeError } from '../../src/shared/errors.js';
import { decodeModel, encodeModel } from '../../src/shared/onnx/index.js';
import { measurePerturbation } from '../../src/shared/perturbation.js';
import { assertAllClose } from '../support/all-close.js';
import { strongestChannel } from '../support/rgb-pictures.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { createTinyDataset, TINY_NAMES } from '../support/tiny-dataset.js';
import {
  TINY_FACTS,
  tinyAttacker,
  tinyServingForm,
  tinyVictim,
  writeTinyVictim,
} from '../support/tiny-models.js';
import { TOLERANCE } from '../support/tolerances.js';

const SHIFT = [-11.4, 3.6, 224.7] as const;
/** The unlabelled class stands behind the tiny victim's own. */
const IGNORED = 3;

describe('evaluateDataset', () => {
  let folder: string;
  let remove: () => Promise<void>;
  let victim: OpenedModel;
  let attacker: OpenedModel;
  before(async () => {
    ({ folder, remove } = await scratchFolder());
    victim = await openModel(await writeTinyVictim(folder, 'tiny'));
    attacker = await openFrom('shift', tinyAttacker(SHIFT));
  });
  after(() => remove());

  async function openFrom(name: string, bytes: Uint8Array): Promise<OpenedModel> {
    const file = path.join(folder, `${name}.onnx`);
    await writeFile(file, bytes);
    return openModel(file);
  }

  it('counts clean and attacked pictures as plain loops do, the attacked ones rounded to 8 bits', async () => {
    const dataset = createTinyDataset(5);
    const [clean, attacked] = [createConfusionMatrix(4), createConfusionMatrix(4)];
    let [l2, flipped] = [0, 0];
    for (let i = 0; i < dataset.length; i++) {
      const { image, label, width, height } = await dataset.read(i, TINY_FACTS.inputSize);
      const perturbed = image.map((value, at) =>
        Math.min(255, Math.max(0, Math.floor(value + SHIFT[at % 3]! + 0.5))),
      );
      const before = strongestChannel({ width, height, data: image });
      const after = strongestChannel({ width, height, data: perturbed });
      countPixels(clean, label, before, IGNORED);
      countPixels(attacked, label, after, IGNORED);
      l2 += measurePerturbation(image, perturbed, { width, height }).l2 / dataset.length;
      flipped += before.filter((k, at) => k !== after[at]).length / before.length / dataset.length;
    }
    const result = await evaluateDataset(dataset, { victim, attacker });
    const [cleanScores, attackedScores] = [scoresOf(clean, IGNORED), scoresOf(attacked, IGNORED)];
    assert.deepEqual(
      result.classes.map(({ name, iou, iouAttacked, pixels }) => [name, iou, iouAttacked, pixels]),
      TINY_NAMES.map((name, k) => [
        name,
        cleanScores.iou[k],
        attackedScores.iou[k],
        cleanScores.pixels[k],
      ]),
    );
    assert.deepEqual(
      [result.miou, result.miouAttacked, result.pixelAccuracy, result.pixelAccuracyAttacked],
      [
        cleanScores.miou,
        attackedScores.miou,
        cleanScores.pixelAccuracy,
        attackedScores.pixelAccuracy,
      ],
    );
    assertAllClose([result.l2!, result.flippedShare!], [l2, flipped], TOLERANCE.float64Arithmetic);
    // 224.7 rounds to 225, and nothing is cut off: the picture's channels are below 31 or the test would say less.
    assert.equal(result.linf, 225 / 255);
    const { images, victim: name, attacker: attackerName, dataset: data, split } = result;
    assert.deepEqual(
      [images, name, attackerName, data, split],
      [5, 'tiny', 'shift', 'tiny', 'val'],
    );
    assert.ok(result.miou! > result.miouAttacked! && result.miouAttacked! > 0);
  });

  it('gives the same numbers to the last bit whatever the threads', async () => {
    const results = await Promise.all(
      [1, 3].map((threads) => evaluateDataset(createTinyDataset(9), { victim, attacker, threads })),
    );
    const [one, three] = results.map((result) => ({ ...result, imagesPerSecond: 0 }));
    assert.deepEqual(one, three);
  });

  describe('with a serving form beside the victim', () => {
    const { checkpointSha256 } = TINY_FACTS;
    for (const { name, form, isUsed } of [
      { name: 'runs it', form: tinyServingForm('ArgMin'), isUsed: true },
      {
        name: 'leaves one of another checkpoint aside',
        form: tinyServingForm('ArgMin', { checkpointSha256: checkpointSha256.replace('c', 'd') }),
        isUsed: false,
      },
    ]) {
      it(name, async () => {
        const served = await openModel(await writeTinyVictim(folder, 'served'));
        await writeFile(path.join(folder, 'served.serve.onnx'), form);
        const result = await evaluateDataset(createTinyDataset(3), { victim: served, attacker });
        // Its form takes the weakest channel, which is nearly never the label.
        assert.equal(result.pixelAccuracy! < 0.3, isUsed, `pixel accuracy ${result.pixelAccuracy}`);
      });
    }

    it('gives the same numbers as without it', async () => {
      const [plain, served] = [
        await openModel(await writeTinyVictim(path.join(folder, 'plain'), 'same')),
        await openModel(await writeTinyVictim(path.join(folder, 'beside'), 'same')),
      ];
      await writeFile(path.join(folder, 'beside', 'same.serve.onnx'), tinyServingForm('ArgMax'));
      const [without, using] = await Promise.all(
        [plain, served].map((model) =>
          evaluateDataset(createTinyDataset(3), { victim: model, attacker }),
        ),
      );
      assert.deepEqual({ ...using!, imagesPerSecond: 0 }, { ...without!, imagesPerSecond: 0 });
    });

    it('refuses one that does not give labels', async () => {
      const victim = await openModel(await writeTinyVictim(folder, 'odd'));
      await writeFile(path.join(folder, 'odd.serve.onnx'), tinyVictim());
      await assert.rejects(evaluateDataset(createTinyDataset(3), { victim }), {
        code: 'MODEL_INVALID',
        message: /odd\.serve\.onnx: expected a model that takes image_u8 uint8 \[1,16,24,3\], got/,
      });
    });
  });

  it('takes a data set whose classes stand in another order', async () => {
    const names = ['unlabeled', 'blue', 'red', 'green'];
    const [own, other] = [
      await evaluateDataset(createTinyDataset(3), { victim }),
      await evaluateDataset(createTinyDataset(3, { names }), { victim }),
    ];
    assert.deepEqual({ ...other, imagesPerSecond: 0 }, { ...own, imagesPerSecond: 0 });
  });

  it('refuses a data set of other classes', async () => {
    const names = ['red', 'green', 'yellow', 'unlabeled'];
    await assert.rejects(evaluateDataset(createTinyDataset(1, { names }), { victim }), {
      code: 'DATASET_INVALID',
      message:
        /expected the classes red, green, blue, unlabeled, got 4 without blue and with yellow besides/,
    });
  });

  it('reads as many scenes as the limit says, and tells the progress', async () => {
    const [read, told]: [number[], number[][]] = [[], []];
    const dataset = createTinyDataset(50, { onRead: (i) => read.push(i) });
    const { images } = await evaluateDataset(dataset, {
      victim,
      limit: 4,
      onProgress: (...progress) => told.push(progress),
    });
    assert.deepEqual([images, read], [4, [0, 1, 2, 3]]);
    assert.deepEqual(
      told,
      [0, 1, 2, 3, 4].map((done) => [done, 4]),
    );
  });

  it('holds a few scenes a thread, however many there are', async () => {
    let [read, done, most] = [0, 0, 0];
    const dataset = createTinyDataset(60, { onRead: () => (most = Math.max(most, ++read - done)) });
    await evaluateDataset(dataset, { victim, threads: 1, onProgress: (now) => (done = now) });
    assert.equal(done, 60);
    assert.ok(most <= 5, `expected at most 5 scenes read and not counted, got ${most}`);
  });

  it('ends with CANCELLED when it is aborted, having read hardly more', async () => {
    let read = 0;
    const controller = new AbortController();
    const dataset = createTinyDataset(1000, { onRead: () => read++ });
    await assert.rejects(
      evaluateDataset(dataset, {
        victim,
        threads: 1,
        signal: controller.signal,
        onProgress: (done) => done === 3 && controller.abort(),
      }),
      { code: 'CANCELLED' },
    );
    assert.ok(read < 12, `expected it to stop soon, got ${read} scenes`);
  });

  it('throws what reading a scene throws', async () => {
    const dataset: Dataset = {
      ...createTinyDataset(4),
      read: () => Promise.reject(new SegprobeError('IMAGE_UNREADABLE', 'broken.png: truncated')),
    };
    await assert.rejects(evaluateDataset(dataset, { victim }), {
      code: 'IMAGE_UNREADABLE',
      message: 'broken.png: truncated',
    });
  });

  it('refuses an attacker that gives no picture of the same size', async () => {
    const model = decodeModel(tinyAttacker(SHIFT));
    const node = [
      model.graph.node[0]!,
      { opType: 'GlobalMaxPool', input: ['shifted'], output: ['attacked'], attribute: [] },
    ];
    const bytes = encodeModel({ ...model, graph: { ...model.graph, node } });
    const broken = await openFrom('broken', bytes);
    await assert.rejects(evaluateDataset(createTinyDataset(3), { victim, attacker: broken }), {
      code: 'MODEL_INVALID',
      message: /broken\.onnx: expected attacked float32 \[1,3,16,24\], got float32 \[1,3,1,1\]/,
    });
  });

  it('refuses a victim that does not load', async () => {
    await assert.rejects(
      evaluateDataset(createTinyDataset(3), { victim: { ...victim, path: '/nowhere.onnx' } }),
      { code: 'MODEL_INVALID', message: /nowhere\.onnx: expected a model that ONNX Runtime loads/ },
    );
  });
});
