import assert from 'node:assert/strict';
import { countLogits } from '../../src/inference/count-logits.js';
import { argmaxOverClasses } from '../../src/shared/argmax.js';
import { countPixels, createConfusionMatrix } from '../../src/shared/confusion-matrix.js';
import { createRandom } from '../../src/shared/random.js';

describe('countLogits', () => {
  const [classCount, pixels] = [5, 1000];
  const random = createRandom(11);
  // Few values, so that many pixels tie.
  const logits = Float32Array.from({ length: classCount * pixels }, () => Math.floor(4 * random()));
  const given = Uint8Array.from({ length: pixels }, () => Math.floor(classCount * random()));

  it('predicts as argmaxOverClasses and counts as countPixels', () => {
    const [expected, actual] = [
      createConfusionMatrix(classCount),
      createConfusionMatrix(classCount),
    ];
    const labels = argmaxOverClasses(logits, classCount);
    countPixels(expected, given, labels, 2);
    assert.deepEqual(countLogits(actual, logits, classCount, given, 2), labels);
    assert.deepEqual(actual, expected);
  });

  it('adds to a matrix of more classes than there are logits', () => {
    const matrix = createConfusionMatrix(3);
    // Two planes of two pixels: the first pixel is class 1, the second a tie.
    countLogits(matrix, Float32Array.of(1, 7, 2, 7), 2, Uint8Array.of(0, 2), 2);
    countLogits(matrix, Float32Array.of(1, 7, 2, 7), 2, Uint8Array.of(0, 1), 2);
    assert.deepEqual([...matrix.counts], [0, 2, 0, 1, 0, 0, 0, 0, 0]);
  });
});
