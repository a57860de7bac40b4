import assert from 'node:assert/strict';
import { findOutliers } from '../../../src/inference/audit/outliers.js';

describe('findOutliers', () => {
  it('names the picture that is far from the others, and in what', () => {
    const looks = Array.from({ length: 21 }, (_, i) => [0.5 + 0.002 * (i - 10), 0.1 * (i % 5)]);
    looks[13] = [0.95, 0.2];
    const [outlier, ...others] = findOutliers(looks);
    assert.deepEqual(others, []);
    assert.deepEqual([outlier!.number, outlier!.figure], [13, 0]);
    // |0.95 − 0.5| by the least spread, 0.02 (1.4826 · 0.01 is less).
    assert.ok(Math.abs(outlier!.distance - 22.5) < 0.2, String(outlier!.distance));
  });

  it('finds none among none', () => {
    assert.deepEqual(findOutliers([]), []);
  });
});
