import assert from 'node:assert/strict';
import type { Batch } from '../../src/data/batches.js';
import { createVictim, type Victim } from '../../src/train/victim.js';
import { isSegprobeError } from '../../src/shared/errors.js';
import { CAMVID } from '../../src/shared/classes.js';
import { drawScene } from '../support/datasets.js';
import { useNativeTensorFlow } from '../support/tensorflow.js';

const SIZE = { height: 32, width: 32 };
const CLASSES = CAMVID.classes.length;
/** Unlabelled pixels do not count. */
const CLASS_WEIGHTS = CAMVID.classes.map((_, k) => (k === CAMVID.ignoreIndex ? 0 : 1));

function batchOf(...indices: number[]): Batch {
  const scenes = indices.map((index) => drawScene(index, SIZE));
  return {
    names: scenes.map(({ name }) => name),
    images: Float32Array.from(scenes.flatMap(({ image }) => [...image])).map((v) => v / 255),
    labels: Int32Array.from(scenes.flatMap(({ label }) => [...label])),
    count: scenes.length,
  };
}

describe('createVictim', function () {
  this.timeout(60_000);
  useNativeTensorFlow();
  const batch = batchOf(0, 1);
  let victim: Victim;
  let start: Awaited<ReturnType<Victim['readOptimizer']>>;

  before(async () => {
    victim = createVictim({
      ...SIZE,
      classCount: CLASSES,
      predictBatchSizes: [2],
      training: { batchSizes: [2], classWeights: CLASS_WEIGHTS, weightDecay: 2e-4 },
    });
    start = await victim.readOptimizer();
  });
  beforeEach(() => victim.writeOptimizer(start, 'start'));
  after(() => victim?.dispose());

  it('draws the same dropout for the same seed and step, and another for another, however late', async () => {
    const lossAt = (step: number, seed: number): Promise<number> => {
      victim.writeOptimizer(start, 'start');
      return victim.trainStep(batch, { step, learningRate: 1e-9, seed });
    };
    assert.equal(await lossAt(1, 1), await lossAt(1, 1));
    const places = [1, 2, 2 ** 21, 2 ** 22, 2 ** 22 + 1, 2 ** 23, 2 ** 32 + 1].map((step) => ({
      step,
      seed: 1,
    }));
    const seeds = [2, 2 ** 31 + 1, 2 ** 32 + 1].map((seed) => ({ step: 1, seed }));
    const losses: number[] = [];
    for (const { step, seed } of [...places, ...seeds]) losses.push(await lossAt(step, seed));
    assert.equal(new Set(losses).size, losses.length, losses.join(', '));
  });

  it('goes on from what readOptimizer gave, to the last bit', async () => {
    await victim.trainStep(batch, { step: 1, learningRate: 1e-3, seed: 1 });
    const between = await victim.readOptimizer();
    const goOn = async (): Promise<unknown[]> => [
      await victim.trainStep(batch, { step: 2, learningRate: 1e-3, seed: 1 }),
      await victim.trainStep(batch, { step: 3, learningRate: 1e-3, seed: 1 }),
      await victim.readOptimizer(),
    ];
    const end = await goOn();
    victim.writeOptimizer(between, 'between');
    assert.deepEqual(await goOn(), end);
  });

  it('writes weights over and leaves the moments', async () => {
    const weights = await victim.readWeights();
    await victim.trainStep(batch, { step: 1, learningRate: 1e-3, seed: 1 });
    const trained = await victim.readOptimizer();
    victim.writeWeights(weights, 'weights');
    assert.deepEqual(await victim.readWeights(), weights);
    const moments = ([name]: [string, unknown]): boolean => name.startsWith('exp_avg');
    assert.deepEqual(
      [...(await victim.readOptimizer())].filter(moments),
      [...trained].filter(moments),
    );
  });

  it('predicts the class of the largest logit', async () => {
    const labels = await victim.predict(batch.images, 2);
    const logits = await victim.logits(batch.images, 2);
    assert.deepEqual([labels.length, logits.length], [2 * 32 * 32, 2 * 32 * 32 * CLASSES]);
    labels.forEach((label, pixel) => {
      const row = logits.subarray(pixel * CLASSES, (pixel + 1) * CLASSES);
      assert.equal(label, row.indexOf(Math.max(...row)));
    });
  });

  it('refuses a batch in which nothing is labelled, names it, and takes no step', async () => {
    const labels = batch.labels.map(() => CAMVID.ignoreIndex);
    await assert.rejects(
      () => victim.trainStep({ ...batch, labels }, { step: 1, learningRate: 1e-3, seed: 1 }),
      (error) => isSegprobeError(error, 'DATASET_INVALID') && /scene0, scene1/.test(error.message),
    );
    assert.deepEqual(await victim.readOptimizer(), start);
  });

  it('ends at a loss that is no number', async () => {
    const images = batch.images.map(() => NaN);
    await assert.rejects(
      () => victim.trainStep({ ...batch, images }, { step: 7, learningRate: 1e-3, seed: 1 }),
      (error) => isSegprobeError(error, 'TRAINING_DIVERGED') && /^step 7: /.test(error.message),
    );
  });

  const damages: { name: string; damage: (named: typeof start) => void; message: RegExp }[] = [
    {
      name: 'a weight is missing',
      damage: (named) => named.delete('weights.transposed_conv.weight'),
      message:
        /^file, weights\.\*: expected transposed_conv\.weight as F32 \[16,12,3,3\], got none/,
    },
    {
      name: 'a moment is missing',
      damage: (named) => named.delete('exp_avg_sq.transposed_conv.weight'),
      message:
        /^file, exp_avg_sq\.\*: expected transposed_conv\.weight as F32 \[16,12,3,3\], got none/,
    },
    {
      name: 'a moment is of another shape',
      damage: (named) =>
        named.set('exp_avg.transposed_conv.weight', {
          dtype: 'F32',
          shape: [1],
          data: new Float32Array(1),
        }),
      message:
        /^file, exp_avg\.\*: expected transposed_conv\.weight as F32 \[16,12,3,3\], got F32 \[1\]/,
    },
  ];
  for (const { name, damage, message } of damages) {
    it(`names the file and the tensor where ${name}, and changes nothing`, async () => {
      const named = new Map(start);
      damage(named);
      await victim.trainStep(batch, { step: 1, learningRate: 1e-3, seed: 1 });
      const before = await victim.readOptimizer();
      assert.throws(
        () => victim.writeOptimizer(named, 'file'),
        (error) => isSegprobeError(error, 'CHECKPOINT_INVALID') && message.test(error.message),
      );
      assert.deepEqual(await victim.readOptimizer(), before);
    });
  }

  it('names the file of weights that it cannot begin with', async () => {
    const weights = new Map(await victim.readWeights());
    weights.delete('transposed_conv.weight');
    const options = { ...SIZE, classCount: CLASSES, predictBatchSizes: [1] };
    assert.throws(
      () => createVictim({ ...options, weights, weightsFile: 'a.safetensors' }),
      /^SegprobeError: a\.safetensors: expected transposed_conv/,
    );
  });
});
