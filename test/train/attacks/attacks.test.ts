import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import { checkpoints } from '../../../src/train/attacks/apgd.js';
import { attackBatch, type Oracle, withObjective } from '../../../src/train/attacks/attack.js';
import { ATTACKS } from '../../../src/train/attacks/index.js';
import type { Budget } from '../../../src/train/attacks/norm.js';
import { isSegprobeError } from '../../../src/shared/errors.js';
import { useNativeTensorFlow } from '../../support/tensorflow.js';
import {
  bowlOracle,
  greyPictures,
  type KnownOracle,
  linearOracle,
  SHAPE,
  slopes,
} from './linear-oracle.js';

const PER_IMAGE = SHAPE[1] * SHAPE[2] * SHAPE[3];
const BUDGETS: readonly Budget[] = [
  { norm: 'linf', epsilon: 8 / 255 },
  { norm: 'l2', epsilon: 0.2 },
];

/** Perturbations of the two images. */
async function perturb(
  name: string,
  oracle: KnownOracle,
  options: Parameters<typeof attackBatch>[3],
): Promise<{ perturbations: number[][]; attacked: number[]; before: number[]; after: number[] }> {
  const clean = greyPictures();
  const { image, before, after } = await attackBatch(ATTACKS[name]!, oracle, clean, options);
  const [own, from] = [[...image.dataSync()], [...clean.dataSync()]];
  tf.dispose([image, clean]);
  const all = own.map((value, i) => value - from[i]!);
  return {
    perturbations: [all.slice(0, PER_IMAGE), all.slice(PER_IMAGE)],
    attacked: own,
    before: [...before],
    after: [...after],
  };
}

const length = (values: number[], { norm }: Budget): number =>
  norm === 'linf'
    ? Math.max(...values.map(Math.abs))
    : Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));

/** The most that a linear objective can rise within a budget: epsilon times the dual norm of the slope. */
function mostLinear(slope: Float32Array, { norm, epsilon }: Budget): number[] {
  return [slope.subarray(0, PER_IMAGE), slope.subarray(PER_IMAGE)].map((own) => {
    const dual =
      norm === 'linf'
        ? own.reduce((sum, value) => sum + Math.abs(value), 0)
        : Math.sqrt(own.reduce((sum, value) => sum + value * value, 0));
    return epsilon * dual;
  });
}

describe('attacks', () => {
  useNativeTensorFlow();

  for (const name of Object.keys(ATTACKS)) {
    for (const budget of BUDGETS) {
      it(`${name} stays within ${budget.norm} ${budget.epsilon.toFixed(3)} and reaches the best of a linear victim, image by image`, async () => {
        const slope = slopes();
        const found = await perturb(name, linearOracle(slope), budget);
        const most = mostLinear(slope, budget);
        found.perturbations.forEach((own, n) => {
          assert.ok(length(own, budget) <= budget.epsilon * (1 + 1e-5), `${length(own, budget)}`);
          const risen = found.after[n]! - found.before[n]!;
          assert.ok(risen <= most[n]! * 1.001 + 1e-6, `${risen} of at most ${most[n]}`);
          assert.ok(risen >= most[n]! * 0.97, `${risen} of at most ${most[n]}`);
        });
        assert.ok(found.attacked.every((value) => value >= 0 && value <= 1));
      });
    }

    it(`${name} keeps pictures in 0..1 where the budget would leave it`, async () => {
      const { attacked } = await perturb(name, linearOracle(slopes()), {
        norm: 'linf',
        epsilon: 1,
        steps: 5,
      });
      assert.ok(attacked.every((value) => value >= 0 && value <= 1));
    });

    it(`${name} gives the same again, and leaves nothing on the device`, async () => {
      const options = { norm: 'linf', epsilon: 0.05, steps: 5, seed: 7 } as const;
      const once = await perturb(name, linearOracle(slopes()), options);
      const before = tf.memory().numTensors;
      const again = await perturb(name, linearOracle(slopes()), options);
      assert.deepEqual(again, once);
      assert.equal(tf.memory().numTensors, before);
    });
  }

  it('apgd comes nearer to the top of a hill than pgd with as many long steps', async () => {
    const target = Float32Array.from(
      slopes(),
      (value, i) => 0.5 + (i < PER_IMAGE ? 0.2 : 20) * value,
    );
    const options = { norm: 'linf', epsilon: 0.1, steps: 20, stepSize: 0.1 } as const;
    const [turns, halves] = [
      await perturb('pgd', bowlOracle(target), options),
      await perturb('apgd', bowlOracle(target), options),
    ];
    halves.after.forEach((value, n) =>
      assert.ok(value > turns.after[n]!, `${value}, ${turns.after[n]}`),
    );
  });

  it('keeps the best of the restarts for each image by itself', async () => {
    const effort = { norm: 'linf', epsilon: 0.1, steps: 1, stepSize: 0.05 } as const;
    const after: number[][] = [];
    for (const restarts of [1, 2, 6]) {
      after.push((await perturb('pgd', linearOracle(slopes()), { ...effort, restarts })).after);
    }
    for (const n of [0, 1]) {
      const [one, two, six] = after.map((values) => values[n]!);
      assert.ok(one! <= two! && two! <= six! && one! < six!, `${one}, ${two}, ${six}`);
    }
  });

  it('gives the clean picture back where nothing raises the objective, and counts it', async () => {
    const flat = linearOracle(new Float32Array(2 * PER_IMAGE));
    const clean = greyPictures();
    const found = await attackBatch(ATTACKS['pgd']!, flat, clean, { norm: 'linf', epsilon: 0.1 });
    assert.equal(found.withoutGradient, 2);
    assert.deepEqual(found.image.dataSync(), clean.dataSync());
    tf.dispose([found.image, clean]);
  });

  for (const epsilon of [0, -1, NaN, Infinity, 1.5]) {
    it(`refuses an epsilon of ${epsilon}`, async () => {
      const clean = greyPictures();
      await assert.rejects(
        attackBatch(ATTACKS['fgsm']!, linearOracle(slopes()), clean, { norm: 'linf', epsilon }),
        (error) => isSegprobeError(error, 'USAGE') && /--epsilon: expected/.test(error.message),
      );
      clean.dispose();
    });
  }

  it('looks at its checkpoints as the paper says: 22 %, then 19, 16, 13, 10, 7, 6 % on', () => {
    assert.deepEqual(checkpoints(100), [22, 41, 57, 70, 80, 87, 93, 99]);
  });
});

describe('withObjective', () => {
  useNativeTensorFlow();

  it('lets an attack raise something else, and is judged by the same', async () => {
    const linear = linearOracle(slopes());
    const asked: string[] = [];
    const oracle: Oracle = {
      query: (objective, ...rest) => {
        asked.push(objective);
        return linear.query(objective, ...rest);
      },
    };
    const clean = greyPictures();
    const attack = withObjective(ATTACKS['pgd']!, 'margin');
    const budget = { norm: 'linf', epsilon: 0.1, steps: 2 } as const;
    const { image } = await attackBatch(attack, oracle, clean, budget);
    tf.dispose([image, clean]);
    assert.deepEqual(asked, ['cross-entropy', 'margin', 'margin', 'cross-entropy']);
  });
});
