import assert from 'node:assert/strict';
import { plantFaults } from '../../src/data/planted-faults.js';
import { connectedComponents } from '../../src/shared/connected-components.js';
import { createMemoryDataset } from '../support/memory-dataset.js';

const SIZE = { height: 30, width: 40 };
const ROAD = 3;
const CAR = 8;

/** A car of 10×8 on a road. */
const LABEL = Array.from({ length: SIZE.height * SIZE.width }, (_, i) => {
  const [x, y] = [i % SIZE.width, Math.floor(i / SIZE.width)];
  return x >= 12 && x < 22 && y >= 10 && y < 18 ? CAR : ROAD;
});

describe('plantFaults', () => {
  const dataset = createMemoryDataset(
    Array.from({ length: 20 }, () => LABEL),
    { size: SIZE },
  );
  const options = { share: 0.3, seed: 4, leastPixels: 20 };

  it('damages the share of scenes that is asked for, in every way, and no other', async () => {
    const damaged = plantFaults(dataset, options);
    const kinds = Array.from({ length: 20 }, (_, i) => damaged.planted(i));
    assert.equal(kinds.filter((kind) => kind !== undefined).length, 6);
    assert.deepEqual(new Set(kinds), new Set([undefined, 'drop', 'swap', 'shift']));
    for (const [i, kind] of kinds.entries()) {
      const { label } = await damaged.read(i, SIZE);
      assert.equal(
        label.some((own, at) => own !== LABEL[at]),
        kind !== undefined,
      );
    }
  });

  it('drops an object into what is around it, swaps its class, shifts it whole', async () => {
    const damaged = plantFaults(dataset, options);
    for (let i = 0; i < 20; i++) {
      const kind = damaged.planted(i);
      if (kind === undefined) continue;
      const { label } = await damaged.read(i, SIZE);
      const { components } = connectedComponents(label, SIZE, ROAD);
      if (kind === 'drop') assert.deepEqual(components, []);
      else {
        assert.equal(components.length, 1);
        const [{ value, pixels, box }] = components as [(typeof components)[0]];
        assert.equal(pixels, 80);
        assert.equal(value === CAR, kind === 'shift');
        assert.equal(box[0] === 12, kind === 'swap');
      }
    }
  });

  it('damages alike for the same seed', async () => {
    const [a, b] = [plantFaults(dataset, options), plantFaults(dataset, options)];
    for (let i = 0; i < 20; i++) {
      assert.deepEqual((await a.read(i, SIZE)).label, (await b.read(i, SIZE)).label);
    }
  });
});
