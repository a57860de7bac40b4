import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  applyAttack,
  greatestChange,
  liftChange,
  limitChange,
} from '../../../src/client/worker/perturb.js';
import { fromImageTensor, toImageTensor } from '../../../src/shared/image-tensor.js';

const pixels = (count: number) => fc.uint8Array({ minLength: 3 * count, maxLength: 3 * count });

describe('applyAttack', () => {
  it('makes half of a change, between the channels of both pictures', () => {
    const clean = Uint8Array.of(100, 0, 255);
    const attacked = Float32Array.of(120 / 255, 10 / 255, 1);
    assert.deepEqual([...applyAttack(clean, attacked, 0.5)], [110, 5, 255]);
  });

  it('is what the attacker says at full strength, and the picture itself at none', () => {
    fc.assert(
      fc.property(pixels(4), pixels(4), (clean, other) => {
        const attacked = toImageTensor(other);
        const apply = (strength: number) => applyAttack(clean, attacked, strength);
        assert.deepEqual(apply(1), fromImageTensor(attacked));
        assert.deepEqual([...apply(0)], [...clean]);
      }),
    );
  });
});

describe('limitChange', () => {
  it('changes no value by more than epsilon, and leaves what changes less', () => {
    const budget = fc.integer({ min: 1, max: 32 });
    fc.assert(
      fc.property(pixels(4), pixels(4), budget, (clean, other, epsilon) => {
        const limited = limitChange(clean, new Uint8Array(other), epsilon);
        assert.ok(greatestChange(clean, limited) <= epsilon);
        other.forEach((value, i) => {
          if (Math.abs(value - clean[i]!) <= epsilon) assert.equal(limited[i], value);
        });
      }),
    );
  });

  it('leaves all as it is without a limit', () => {
    const perturbed = Uint8Array.of(0, 255, 7);
    assert.equal(limitChange(Uint8Array.of(255, 0, 7), perturbed, null), perturbed);
  });
});

describe('greatestChange', () => {
  it('is that of the value that changes most, up or down', () => {
    assert.equal(greatestChange(Uint8Array.of(5, 200, 9), Uint8Array.of(9, 190, 9)), 10);
    assert.equal(greatestChange(Uint8Array.of(5), Uint8Array.of(5)), 0);
  });
});

describe('liftChange', () => {
  const size = { height: 2, width: 2 };
  const clean = { ...size, data: new Uint8Array(12).fill(100) };
  it('is the changed picture where the sizes are the same', () => {
    const perturbed = { ...size, data: new Uint8Array(12).fill(90) };
    assert.equal(liftChange(clean, perturbed, { ...clean }), perturbed);
  });

  it('adds an even change to every pixel of a larger picture, and cuts off', () => {
    const perturbed = { ...size, data: new Uint8Array(12).fill(104) };
    const data = Uint8Array.from({ length: 48 }, (_, i) => (i % 2 === 0 ? 10 : 253));
    const lifted = liftChange(clean, perturbed, { height: 4, width: 4, data });
    assert.deepEqual([...lifted.data.subarray(0, 4)], [14, 255, 14, 255]);
  });
});
