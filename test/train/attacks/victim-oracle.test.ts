import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs';
import { readHashedCheckpoint } from '../../../src/export/hashed-checkpoint.js';
import { attackBatch } from '../../../src/train/attacks/attack.js';
import { type Goal, targeted, untargeted, vanish } from '../../../src/train/attacks/goal.js';
import { ATTACKS } from '../../../src/train/attacks/index.js';
import { createFrozenVictim, type FrozenVictim } from '../../../src/train/attacks/victim-oracle.js';
import { createModel } from '../../../src/train/models/index.js';
import { packWeights } from '../../../src/train/packing.js';
import { isSegprobeError } from '../../../src/shared/errors.js';
import { createRandom } from '../../../src/shared/random.js';
import { useNativeTensorFlow } from '../../support/tensorflow.js';

const SHAPE: [number, number, number] = [2, 16, 24];
const PIXELS = 16 * 24;
/** A trained network: of a random one, gradients say little about the next step. */
const VICTIM = fileURLToPath(new URL('../../../save/enet-camvid', import.meta.url));
const CLASSES = 12;

describe('createFrozenVictim', function () {
  this.timeout(60_000);
  useNativeTensorFlow();
  const random = createRandom(11);
  const picture = Float32Array.from({ length: 2 * PIXELS * 3 }, () => 0.2 + 0.6 * random());
  const label = Int32Array.from({ length: 2 * PIXELS }, () => Math.floor(random() * CLASSES));
  const labels = { shape: SHAPE, label, ignoreIndex: CLASSES - 1 };
  let victim: FrozenVictim;

  before(async () => {
    const { checkpoint, weightsFile } = await readHashedCheckpoint(VICTIM);
    const model = createModel('enet', { classCount: CLASSES });
    victim = createFrozenVictim({
      model,
      weights: packWeights(model.spec, checkpoint.weights, weightsFile),
      height: SHAPE[1],
      width: SHAPE[2],
      batchSizes: [2],
      objectives: ['cross-entropy', 'masked-cross-entropy', 'segpgd', 'cospgd'],
    });
  });
  after(() => victim.dispose());

  const withPicture = async <T>(use: (image: tf.Tensor4D) => Promise<T>): Promise<T> => {
    const image = tf.tensor4d(picture, [...SHAPE, 3]);
    try {
      return await use(image);
    } finally {
      image.dispose();
    }
  };
  const objectivesAt = (values: Float32Array, goal: Goal): Promise<Float32Array> => {
    const image = tf.tensor4d(values, [...SHAPE, 3]);
    return victim
      .oracle(goal)
      .query('cross-entropy', image, 0)
      .then(({ gradient, objectives }) => {
        tf.dispose([gradient, image]);
        return objectives;
      });
  };

  it('gives the gradient of each image by itself, as finite differences along it have it', async () => {
    const goal = untargeted(labels);
    const { gradient } = await withPicture((image) =>
      victim.oracle(goal).query('cross-entropy', image, 0),
    );
    const slope = gradient.dataSync() as Float32Array;
    gradient.dispose();
    for (const n of [0, 1]) {
      const isOwn = (i: number): boolean => Math.floor(i / (PIXELS * 3)) === n;
      const moved = (step: number): Float32Array =>
        picture.map((value, i) => (isOwn(i) ? value + step * Math.sign(slope[i]!) : value));
      const step = 2e-5; // The loss bends at every ReLU and maximum: short, but long enough for float32.
      const [up, down] = [
        await objectivesAt(moved(step), goal),
        await objectivesAt(moved(-step), goal),
      ];
      const measured = (up[n]! - down[n]!) / (2 * step);
      const expected = slope.reduce((sum, value, i) => sum + (isOwn(i) ? Math.abs(value) : 0), 0);
      assert.ok(Math.abs(measured / expected - 1) < 0.05, `${measured}, ${expected}`);
      assert.equal(up[1 - n], down[1 - n], 'the other image is not touched');
    }
  });

  for (const attack of Object.values(ATTACKS)) {
    it(`is fooled by ${attack.name}: the loss of each image rises`, async () => {
      const found = await withPicture((image) =>
        attackBatch(attack, victim.oracle(untargeted(labels)), image, {
          norm: 'linf',
          epsilon: 8 / 255,
          steps: 12,
        }),
      );
      found.image.dispose();
      found.after.forEach((value, n) => assert.ok(value > found.before[n]!, `${value}`));
      assert.equal(found.withoutGradient, 0);
    });
  }

  it('is led towards a wanted label map, and away from one class alone', async () => {
    const wanted = new Int32Array(2 * PIXELS).fill(1);
    for (const goal of [targeted(labels, wanted), vanish(labels, 2)]) {
      const before = await objectivesAt(picture, goal);
      const found = await withPicture((image) =>
        attackBatch(ATTACKS['pgd']!, victim.oracle(goal), image, {
          norm: 'linf',
          epsilon: 8 / 255,
          steps: 4,
        }),
      );
      const after = await objectivesAt(found.image.dataSync() as Float32Array, goal);
      found.image.dispose();
      after.forEach((value, n) => assert.ok(value > before[n]!, `${value}`));
    }
  });

  it('counts what a goal names alone', () => {
    assert.deepEqual(
      [...vanish(labels, 2).weight].map(Boolean),
      [...label].map((own) => own === 2),
    );
    assert.deepEqual(
      [...untargeted(labels).weight].map(Boolean),
      [...label].map((own) => own !== CLASSES - 1),
    );
    assert.throws(
      () => targeted(labels, new Int32Array(5)),
      (error) =>
        isSegprobeError(error, 'SHAPE_MISMATCH') && /2×16×24 pixels, got 5/.test(error.message),
    );
  });
});
