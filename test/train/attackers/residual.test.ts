import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import { addBounded } from '../../../src/train/attackers/bounded.js';
import { createResidual } from '../../../src/train/attackers/residual.js';
import type { Budget } from '../../../src/train/attacks/norm.js';
import { initialWeights, packedSizes } from '../../../src/train/packing.js';
import { createEvaluationPass } from '../../../src/train/pass.js';
import { assertAllClose } from '../../support/all-close.js';
import {
  describeOnEveryBackend,
  ndArray,
  randomArray,
  useNativeTensorFlow,
} from '../../support/tensorflow.js';
import { TOLERANCE } from '../../support/tolerances.js';

const BUDGETS: readonly Budget[] = [
  { norm: 'linf', epsilon: 8 / 255 },
  { norm: 'l2', epsilon: 0.5 },
];

/** The size of each image's perturbation. */
function sizes(
  values: ArrayLike<number>,
  clean: ArrayLike<number>,
  count: number,
  norm: Budget['norm'],
): number[] {
  const each = values.length / count;
  return Array.from({ length: count }, (_, n) => {
    const own = Array.from(
      { length: each },
      (_, i) => values[n * each + i]! - clean[n * each + i]!,
    );
    return norm === 'linf' ? Math.max(...own.map(Math.abs)) : Math.hypot(...own);
  });
}

describeOnEveryBackend('addBounded', (evaluate) => {
  for (const budget of BUDGETS) {
    for (const scale of [0, 0.01, 1, 1e4]) {
      it(`stays within ${budget.norm} ${budget.epsilon.toFixed(3)} and 0..1 for raw numbers of size ${scale}`, async () => {
        const image = randomArray([2, 4, 6, 3], 1, 0, 1);
        const raw = randomArray([2, 4, 6, 3], 2, -scale, scale);
        const { attacked } = await evaluate({ image, raw }, (inputs) => ({
          attacked: addBounded(
            inputs['image'] as tf.Tensor4D,
            inputs['raw'] as tf.Tensor4D,
            budget,
          ),
        }));
        const values = attacked!.values;
        assert.ok(values.every((value) => value >= 0 && value <= 1));
        for (const size of sizes(values, image.values, 2, budget.norm)) {
          assert.ok(size <= budget.epsilon * (1 + 1e-5), `${size}`);
          if (scale === 1e4) assert.ok(size > 0.5 * budget.epsilon, `${size}`);
          if (scale === 0) assert.equal(size, 0);
        }
      });
    }
  }

  it('is epsilon times the raw number cut to ±1 on L∞', async () => {
    const { attacked } = await evaluate(
      { image: ndArray([1, 1, 1, 3], [0.5, 0.5, 0.95]), raw: ndArray([1, 1, 1, 3], [0.5, -2, 1]) },
      (inputs) => ({
        attacked: addBounded(inputs['image'] as tf.Tensor4D, inputs['raw'] as tf.Tensor4D, {
          norm: 'linf',
          epsilon: 0.1,
        }),
      }),
    );
    assertAllClose(attacked!.values, [0.55, 0.4, 1], TOLERANCE.float32Op);
  });

  it('is epsilon · raw / √(1 + ‖raw‖²) on L2', async () => {
    const raw = [2, -2, 1];
    const { attacked } = await evaluate(
      { image: ndArray([1, 1, 1, 3], [0.5, 0.5, 0.5]), raw: ndArray([1, 1, 1, 3], raw) },
      (inputs) => ({
        attacked: addBounded(inputs['image'] as tf.Tensor4D, inputs['raw'] as tf.Tensor4D, {
          norm: 'l2',
          epsilon: 0.1,
        }),
      }),
    );
    const expected = raw.map((value) => 0.5 + (0.1 * value) / Math.sqrt(10));
    assertAllClose(attacked!.values, expected, TOLERANCE.float32Op);
  });

  /** The gradient of the sum of `dy` times what comes out, by `raw`. */
  const gradientOf = async (budget: Budget, image: number[], raw: number[], dy: number[]) => {
    const shape = [1, 1, raw.length / 3, 3] as const;
    const inputs = {
      image: ndArray(shape, image),
      raw: ndArray(shape, raw),
      dy: ndArray(shape, dy),
    };
    const { gradient } = await evaluate(inputs, (given) => ({
      gradient: tf.grad((x) =>
        tf.sum(
          tf.mul(addBounded(given['image'] as tf.Tensor4D, x as tf.Tensor4D, budget), given['dy']!),
        ),
      )(given['raw']!),
    }));
    return gradient!.values;
  };

  it('lets the gradient through where it leads back from a cut on L∞, and only there', async () => {
    const budget = { norm: 'linf', epsilon: 0.1 } as const;
    // Within; over the budget, over white, under black: each led up and down.
    const image = [0.5, 0.5, 0.5, 0.5, 0.99, 0.99, 0.01, 0.01, 0.5];
    const raw = [0.5, 0.5, 3, 3, 0.9, 0.9, -0.9, -0.9, -3];
    const dy = [1, -1, 1, -1, 1, -1, 1, -1, -1];
    const passed = [1, -1, 1, 0, 1, 0, 0, -1, -1];
    const expected = passed.map((sign) => sign * budget.epsilon);
    assertAllClose(await gradientOf(budget, image, raw, dy), expected, TOLERANCE.float32Op);
  });

  it('has the derivative of its formula on L2', async () => {
    const [raw, dy, epsilon] = [[0.4, -1.2, 0.7, 0.1, 2, -0.3], [1, -0.5, 2, 0.3, 0.25, -1], 0.1];
    const value = (x: readonly number[]): number => {
      const length = Math.sqrt(1 + x.reduce((sum, own) => sum + own * own, 0));
      return x.reduce((sum, own, i) => sum + (dy[i]! * epsilon * own) / length, 0);
    };
    const step = 1e-5;
    const expected = raw.map((_, i) => {
      const moved = (by: number): number[] => raw.map((own, j) => (i === j ? own + by : own));
      return (value(moved(step)) - value(moved(-step))) / (2 * step);
    });
    const found = await gradientOf(
      { norm: 'l2', epsilon },
      raw.map(() => 0.5),
      raw,
      dy,
    );
    assertAllClose(found, expected, TOLERANCE.float32Op);
  });
});

describe('createResidual', () => {
  useNativeTensorFlow();

  for (const budget of BUDGETS) {
    it(`gives pictures of the same size within ${budget.norm} ${budget.epsilon.toFixed(3)}, from weights however large`, () => {
      const { spec, forward } = createResidual(budget);
      const { parameters, runningMean, runningVariance } = initialWeights(spec, 1);
      tf.tidy(() => {
        const pass = createEvaluationPass(spec, {
          parameters: tf.tensor1d(parameters.map((value) => 10 * value)),
          runningMean: tf.tensor1d(runningMean),
          runningVariance: tf.tensor1d(runningVariance),
        });
        const image = tf.randomUniform<tf.Rank.R4>([2, 24, 40, 3], 0, 1, 'float32', 3);
        const attacked = forward(image, pass);
        assert.deepEqual(attacked.shape, image.shape);
        for (const size of sizes(attacked.dataSync(), image.dataSync(), 2, budget.norm)) {
          assert.ok(size > 0 && size <= budget.epsilon * (1 + 1e-5), `${size}`);
        }
      });
    });
  }

  it('has as many parameters as it says', () => {
    assert.equal(packedSizes(createResidual(BUDGETS[0]!).spec).parameters, 100_184);
  });
});
