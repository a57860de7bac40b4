import assert from 'node:assert/strict';
import {
  componentDepths,
  componentIds,
  connectedComponents,
} from '../../src/shared/connected-components.js';
import { createRandom } from '../../src/shared/random.js';

function map(...rows: readonly string[]): {
  values: Uint8Array;
  size: { height: number; width: number };
} {
  const values = Uint8Array.from(rows.join(''), Number);
  return { values, size: { height: rows.length, width: rows[0]!.length } };
}

/** By plain flooding. */
function flood(values: Uint8Array, { height, width }: { height: number; width: number }): number[] {
  const ids = new Array<number>(values.length).fill(-1);
  let next = 0;
  for (let start = 0; start < values.length; start++) {
    if (ids[start] !== -1) continue;
    const open = [start];
    ids[start] = next;
    while (open.length > 0) {
      const at = open.pop()!;
      const [x, y] = [at % width, Math.floor(at / width)];
      for (let dy = -1; dy <= 1; dy++) {
        for (let dx = -1; dx <= 1; dx++) {
          const [nx, ny] = [x + dx, y + dy];
          if (nx < 0 || ny < 0 || nx >= width || ny >= height) continue;
          const other = ny * width + nx;
          if (ids[other] !== -1 || values[other] !== values[at]) continue;
          ids[other] = next;
          open.push(other);
        }
      }
    }
    next++;
  }
  return ids;
}

describe('connectedComponents', () => {
  it('joins equal neighbours, diagonal ones too, and tells pixels and box', () => {
    const { values, size } = map('1002', '0102', '2200');
    const found = connectedComponents(values, size, 0);
    assert.deepEqual(found.components, [
      { value: 1, pixels: 2, box: [0, 0, 2, 2] },
      { value: 2, pixels: 2, box: [3, 0, 4, 2] },
      { value: 2, pixels: 2, box: [0, 2, 2, 3] },
    ]);
    assert.deepEqual([...componentIds(found, size)], [0, -1, -1, 1, -1, 0, -1, 1, 2, 2, -1, -1]);
  });

  it('joins the arms of a shape that part above and meet below', () => {
    const { values, size } = map('10101', '10101', '11111');
    const { components } = connectedComponents(values, size, 0);
    assert.deepEqual(components, [{ value: 1, pixels: 11, box: [0, 0, 5, 3] }]);
  });

  it('finds what plain flooding finds, on maps drawn at random', () => {
    for (let seed = 1; seed <= 40; seed++) {
      const random = createRandom(seed);
      const size = { height: 1 + Math.floor(random() * 20), width: 1 + Math.floor(random() * 20) };
      const kinds = 1 + Math.floor(random() * 4);
      const values = Uint8Array.from({ length: size.height * size.width }, () =>
        Math.floor(random() * kinds),
      );
      const found = connectedComponents(values, size);
      assert.deepEqual([...componentIds(found, size)], flood(values, size), `seed ${seed}`);
      const pixels = found.components.reduce((sum, own) => sum + own.pixels, 0);
      assert.equal(pixels, values.length);
    }
  });
});

describe('componentDepths', () => {
  it('tells seams from broad regions; the edge of the picture is no border', () => {
    const { values, size } = map('1110000', '1110000', '1110222', '1110000', '1110000');
    const found = connectedComponents(values, size);
    // The ones: columns 0–2, the third beside another; so 1, 2, 3 from there to the edge. The twos are a line.
    assert.deepEqual(
      found.components.map(({ value }, id) => [value, componentDepths(found, size)[id]]),
      [
        [1, 3],
        [0, 2],
        [2, 1],
      ],
    );
  });
});
