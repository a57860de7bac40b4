import assert from 'node:assert/strict';
import { argmaxOverClasses } from '../../src/shared/argmax.js';
import { createRandom } from '../../src/shared/random.js';

describe('argmaxOverClasses', () => {
  it('takes the greatest logit at each pixel, negative ones too', () => {
    // Three planes of a 1×4 picture.
    const logits = Float32Array.of(5, -9, -3, 0.1, 4, -8, -2, 0.2, 6, -7, -4, 0.3);
    assert.deepEqual(Array.from(argmaxOverClasses(logits, 3)), [2, 2, 1, 2]);
  });

  it('takes the lowest class of equal ones', () => {
    // Pixel 0: classes 0 and 1 tie; pixel 1: 1 and 2; pixel 2: all; pixel 3: 0 and 2.
    const logits = Float32Array.of(1, 0, 7, 3, 1, 2, 7, 1, 0, 2, 7, 3);
    assert.deepEqual(Array.from(argmaxOverClasses(logits, 3)), [0, 1, 0, 0]);
  });

  for (const pixels of [1, 3, 4, 5, 1002]) {
    it(`agrees with a plain loop on ${pixels} pixels`, () => {
      const [classCount, random] = [7, createRandom(pixels)];
      // Few values, so that many tie.
      const logits = Float32Array.from({ length: classCount * pixels }, () =>
        Math.floor(5 * random()),
      );
      const expected = Array.from({ length: pixels }, (_, i) => {
        const own = Array.from({ length: classCount }, (_, k) => logits[k * pixels + i]!);
        return own.indexOf(Math.max(...own));
      });
      assert.deepEqual(Array.from(argmaxOverClasses(logits, classCount)), expected);
    });
  }

  it('leaves the logits as they are', () => {
    const logits = Float32Array.of(1, 2, 3, 4);
    argmaxOverClasses(logits, 2);
    assert.deepEqual(Array.from(logits), [1, 2, 3, 4]);
  });

  it('numbers 256 classes', () => {
    const logits = new Float32Array(256);
    logits[255] = 1;
    assert.deepEqual(Array.from(argmaxOverClasses(logits, 256)), [255]);
  });

  it('refuses logits that are no whole planes', () => {
    assert.throws(() => argmaxOverClasses(new Float32Array(7), 2), { code: 'SHAPE_MISMATCH' });
    assert.throws(() => argmaxOverClasses(new Float32Array(257), 257), { code: 'SHAPE_MISMATCH' });
  });
});
