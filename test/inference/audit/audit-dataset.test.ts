import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type Audit, auditDataset } from '../../../src/inference/audit/audit-dataset.js';
import { evaluateDataset } from '../../../src/inference/evaluate-dataset.js';
import { openModel, type OpenedModel } from '../../../src/inference/open-model.js';
import type { SegprobeError } from '../../../src/shared/errors.js';
import { assertAllClose } from '../../support/all-close.js';
import { strongestChannel } from '../../support/rgb-pictures.js';
import { scratchFolder } from '../../support/scratch-folder.js';
import { createStripes } from '../../support/stripes-dataset.js';
import { createTinyDataset, TINY_NAMES } from '../../support/tiny-dataset.js';
import { TINY_FACTS, tinyAttacker, writeTinyVictim } from '../../support/tiny-models.js';

const { height, width } = TINY_FACTS.inputSize;
const UNLABELED = 3;

describe('auditDataset', () => {
  let folder: string;
  let remove: () => Promise<void>;
  let victim: OpenedModel;
  let attacker: OpenedModel;
  let audit: Audit;
  before(async () => {
    ({ folder, remove } = await scratchFolder());
    victim = await openModel(await writeTinyVictim(folder, 'tiny'));
    const file = path.join(folder, 'redder.onnx');
    await writeFile(file, tinyAttacker([255, 0, 0])); // Red becomes as strong as any: all is red.
    attacker = await openModel(file);
    audit = await auditDataset(createStripes(), { victim, attacker });
  });
  after(() => remove());

  it('finds the region whose label is wrong, and says what it should be', () => {
    assert.equal(audit.suspects.length, 1);
    const [suspect] = audit.suspects as [Audit['suspects'][number]];
    const { index, image, given, suggested, box, labelBox, pixels, depth } = suspect;
    assert.deepEqual(
      { index, image, given, suggested, box, labelBox, pixels, depth },
      {
        ...{ index: 2, image: 'tiny2', given: 1, suggested: 0 },
        ...{ box: [1, 4, 7, 9], labelBox: [2, 8, 14, 18], pixels: 30, depth: 3 },
      },
    );
    assertAllClose([suspect.margin], [1], { rtol: 0, atol: 1e-6 });
    assert.ok(suspect.score > 0.3, `score ${suspect.score}`);
  });

  it('rates the labels of the damaged scene lowest', () => {
    const quality = audit.images.map(({ labelQuality }) => labelQuality!);
    // 30 scores of 0 with the weight e¹⁰, and 330 of 1 with the weight 1.
    const expected = 330 / (330 + 30 * Math.exp(10));
    assertAllClose(quality, [1, 1, expected, 1], { rtol: 1e-4, atol: 1e-7 });
    // By class: the 30 are given green.
    assert.ok(audit.classQuality[1]! < 0.01 && audit.classQuality[0]! > 0.99);
    assert.equal(audit.classQuality[UNLABELED], null);
  });

  it('measures what an evaluation does', async () => {
    const expected = await evaluateDataset(createStripes(), { victim, attacker });
    const imagesPerSecond = 0; // The one thing that differs.
    assert.deepEqual({ ...audit.evaluation, imagesPerSecond }, { ...expected, imagesPerSecond });
  });

  it('counts objects by size, found before and under the attack', () => {
    // Ten stripes of 8×15 = 120, one of 90 with a hole (red of the third scene), and the block of 30 joined to none of its class.
    const [small, middle] = [0, 1].map((size) =>
      [0, 1, 2].map((which) => {
        let sum = 0;
        for (let k = 0; k < 3; k++) sum += audit.sums.objects[3 * (k * 6 + size) + which]!;
        return sum;
      }),
    );
    // The block and the holed stripe; the block is green to its label and red to the victim, so it is not found.
    assert.deepEqual(small, [2, 1, 1]);
    // Under attack all is red: of eleven stripes, the three whole red ones stay.
    assert.deepEqual(middle, [11, 11, 3]);
  });

  it('counts wrong pixels by place and at borders: all of them are the block', () => {
    const total = (sums: Float64Array, which: number): number =>
      sums.reduce((sum, count, i) => sum + (i % 3 === which ? count : 0), 0);
    for (const sums of [audit.sums.places, audit.sums.borders]) {
      assert.deepEqual([total(sums, 0), total(sums, 1)], [4 * width * (height - 1), 30]);
    }
    // 6×5 within 3 pixels of its edge: all of it.
    assert.equal(audit.sums.borders[1], 0);
  });

  it('tells what the attack makes of what was predicted', () => {
    const flow = audit.sums.flow;
    assert.deepEqual([...flow.subarray(0, 4)], [4 * 8 * height, 0, 0, 0]); // red stays red
    assert.equal(flow[4], 4 * 8 * height); // green becomes red
  });

  it('draws the mIoU anew, around the one that was measured', () => {
    const { miou } = audit.evaluation;
    const drawn = audit.bootstrap.miou.filter((value) => value !== null);
    assert.equal(audit.bootstrap.miou.length, 200);
    assert.ok(Math.min(...drawn) < miou! && Math.max(...drawn) > miou!);
  });

  it('looks at the scenes that are asked for, without an attacker too', async () => {
    const clean = await auditDataset(createStripes(), { victim, order: [2] });
    assert.deepEqual(
      clean.images.map(({ image, miouAttacked }) => [image, miouAttacked]),
      [['tiny2', null]],
    );
    assert.equal(clean.evaluation.attacker, null);
    assert.deepEqual(clean.bootstrap.miouAttacked, []);
  });

  it('lets each part of the scenes be judged by a victim of its own, and adds all up', async () => {
    const progress: number[] = [];
    const folds = [
      { victim, order: [0, 1] },
      { victim, order: [2, 3] },
    ];
    const whole = await auditDataset(createStripes(), { victim });
    const found = await auditDataset(createStripes(), {
      ...{ victim: { ...victim, name: 'two' }, folds },
      onProgress: (done, total) => progress.push(done / total),
    });
    assert.equal(found.evaluation.victim, 'two');
    assert.deepEqual(found.images, whole.images);
    assert.deepEqual(found.suspects, whole.suspects);
    assert.deepEqual(found.matrix, whole.matrix);
    assert.deepEqual(progress, [0, 0.25, 0.5, 0.75, 1]);
  });

  it('finds nothing where the only differences are single pixels', async () => {
    const { suspects } = await auditDataset(createTinyDataset(2), { victim });
    assert.deepEqual(suspects, []);
  });

  it('scores pixels as a plain softmax does', async () => {
    const dataset = createTinyDataset(1);
    const { image, label } = await dataset.read(0, TINY_FACTS.inputSize);
    const predicted = strongestChannel({ height, width, data: image });
    let [weighted, weights] = [0, 0];
    for (let i = 0; i < label.length; i++) {
      if (TINY_NAMES[label[i]!] === 'unlabeled') continue;
      const logits = [...image.subarray(3 * i, 3 * i + 3)];
      const exponentials = logits.map((logit) => Math.exp(logit - logits[predicted[i]!]!));
      const score = exponentials[label[i]!]! / exponentials.reduce((a, b) => a + b, 0);
      const weight = Math.exp((1 - score) / 0.1);
      weighted += weight * score;
      weights += weight;
    }
    const { images } = await auditDataset(dataset, { victim });
    assertAllClose([images[0]!.labelQuality!], [weighted / weights], { rtol: 1e-4, atol: 1e-6 });
  });

  it('ends with CANCELLED', async () => {
    const signal = AbortSignal.abort();
    await assert.rejects(
      auditDataset(createStripes(), { victim, signal }),
      (error: SegprobeError) => error.code === 'CANCELLED',
    );
  });
});
