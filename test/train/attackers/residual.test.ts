import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import { addBounded } from '../../../src/train/attackers/bounded.js';
import { createResidual } from '../../../src/train/attackers/residual.js';
import type { Budget } from '../../../src/train/attacks/norm.js';
import { initialWeights, packedSizes } from '../../../src/train/packing.js';
import { createEvaluationPass } from '../../../src/train/pass.js';
import {
  describeOnEveryBackend,
  ndArray,
  randomArray,
  useNativeTensorFlow,
} from '../../support/tensorflow.js';

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
      it(`stays within ${budget.norm} ${budget.epsilon.toFixed(3)} and 0..1 for raw numbers of size ${scale}`, () => {
        const image = randomArray([2, 4, 6, 3], 1, 0, 1);
        const raw = randomArray([2, 4, 6, 3], 2, -scale, scale);
        const { attacked } = evaluate({ image, raw }, (inputs) => ({
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

  it('is epsilon times tanh of the raw number on L∞', () => {
    const { attacked } = evaluate(
      { image: ndArray([1, 1, 1, 3], [0.5, 0.5, 0.5]), raw: ndArray([1, 1, 1, 3], [0.5, -2, 0]) },
      (inputs) => ({
        attacked: addBounded(inputs['image'] as tf.Tensor4D, inputs['raw'] as tf.Tensor4D, {
          norm: 'linf',
          epsilon: 0.1,
        }),
      }),
    );
    [0.5 + 0.1 * Math.tanh(0.5), 0.5 + 0.1 * Math.tanh(-2), 0.5].forEach((expected, i) =>
      assert.ok(Math.abs(attacked!.values[i]! - expected) < 1e-6),
    );
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
