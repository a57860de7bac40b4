import assert from 'node:assert/strict';
import { createConfusionMatrix } from '../../src/shared/confusion-matrix.js';
import {
  addToBootstrap,
  bootstrapMiou,
  createBootstrap,
  percentileInterval,
} from '../../src/shared/poisson-bootstrap.js';
import { createRandom } from '../../src/shared/random.js';
import { assertAllClose } from '../support/all-close.js';
import { TOLERANCE } from '../support/tolerances.js';

/** Of two classes: `right` of 100 pixels of each are right. */
function scene(right: number) {
  const matrix = createConfusionMatrix(2);
  matrix.counts.set([right, 100 - right, 100 - right, right]);
  return matrix;
}

describe('addToBootstrap', () => {
  it('draws each scene once on average, with a variance of 1', () => {
    const bootstrap = createBootstrap(2, 2000);
    addToBootstrap(bootstrap, 7, scene(100));
    const times = bootstrap.matrices.map(({ counts }) => counts[0]! / 100);
    const mean = times.reduce((sum, n) => sum + n, 0) / times.length;
    const variance = times.reduce((sum, n) => sum + (n - mean) ** 2, 0) / times.length;
    // Standard errors of 2000 draws: 0.022 of the mean, 0.039 of the variance.
    assert.ok(Math.abs(mean - 1) < 0.1, `mean ${mean}`);
    assert.ok(Math.abs(variance - 1) < 0.18, `variance ${variance}`);
  });

  it('draws the same for the same scene, whatever came before', () => {
    const [first, second] = [createBootstrap(2, 50), createBootstrap(2, 50)];
    addToBootstrap(first, 3, scene(90));
    addToBootstrap(second, 4, scene(10));
    const before = second.matrices.map(({ counts }) => counts[0]!);
    addToBootstrap(second, 3, scene(90));
    assert.deepEqual(
      second.matrices.map(({ counts }, i) => counts[0]! - before[i]!),
      first.matrices.map(({ counts }) => counts[0]),
    );
  });

  it('spreads the mIoU as drawing anew from the source of the scenes does', () => {
    const random = createRandom(5);
    const draw = (): number => 60 + 30 * random();
    const miouOf = (rights: readonly number[]): number => {
      const right = rights.reduce((sum, value) => sum + value, 0) / rights.length;
      return right / (200 - right); // IoU of either class: right / (100 + 100 − right)
    };
    const drawn = (count: number): number[] => Array.from({ length: count }, draw);
    const anew = Array.from({ length: 400 }, () => miouOf(drawn(100)));
    const bootstrap = createBootstrap(2, 400);
    drawn(100).forEach((right, i) => addToBootstrap(bootstrap, i, scene(right)));
    const deviation = (values: readonly number[]): number => {
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      return Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length);
    };
    const ratio = deviation(bootstrapMiou(bootstrap, 5) as number[]) / deviation(anew);
    assert.ok(ratio > 0.75 && ratio < 1.33, `ratio ${ratio}`);
  });
});

describe('percentileInterval', () => {
  it('takes percentiles by linear interpolation, of what is known', () => {
    // Of 0 … 100 the 2.5th and 97.5th.
    const values = [null, ...Array.from({ length: 101 }, (_, i) => 100 - i)];
    assertAllClose([...percentileInterval(values)!], [2.5, 97.5], TOLERANCE.float64Arithmetic);
    assert.equal(percentileInterval([null]), null);
  });
});
