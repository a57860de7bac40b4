import assert from 'node:assert/strict';
import { suspicionsOf } from '../../../src/inference/audit/rank-images.js';
import { assertAllClose } from '../../support/all-close.js';
import { TOLERANCE } from '../../support/tolerances.js';

describe('suspicionsOf', () => {
  it('is the greater of two standard scores, by hand', () => {
    const images = [
      { labelQuality: 0.2, likeliest: 0 },
      { labelQuality: 0.8, likeliest: 0 },
      { labelQuality: 0.8, likeliest: 0.9 },
    ];
    // Quality: mean 0.6, deviations −0.4, 0.2, 0.2: √(0.24 / 3). Suspects: mean 0.3, −0.3, −0.3, 0.6: √(0.54 / 3).
    const [quality, likeliest] = [Math.sqrt(0.08), Math.sqrt(0.18)];
    assertAllClose(
      suspicionsOf(images),
      [0.4 / quality, Math.max(-0.2 / quality, -0.3 / likeliest), 0.6 / likeliest],
      TOLERANCE.float64Arithmetic,
    );
  });

  it('puts what either judge finds before what neither does, and an image without labels last', () => {
    const calm = Array.from({ length: 6 }, () => ({ labelQuality: 0.9, likeliest: 0.1 }));
    const suspicions = suspicionsOf([
      ...calm,
      { labelQuality: 0.1, likeliest: 0.1 },
      { labelQuality: 0.9, likeliest: 0.8 },
      { labelQuality: null, likeliest: 0 },
    ]);
    const [low, likely, none] = suspicions.slice(6);
    assert.ok(Math.min(low!, likely!) > suspicions[0]!);
    assert.ok(none! < suspicions[0]!);
  });

  it('finds nothing among equals, nor in a single image or none', () => {
    const image = { labelQuality: 0.5, likeliest: 0.3 };
    assert.deepEqual(suspicionsOf([image, image]), [0, 0]);
    assert.deepEqual(suspicionsOf([image]), [0]);
    assert.deepEqual(suspicionsOf([]), []);
  });
});
