import assert from 'node:assert/strict';
import { readLabelPicture } from '../../../src/client/worker/label-picture.js';
import { isSegprobeError } from '../../../src/shared/errors.js';
import { TINY_FACTS } from '../../support/tiny-models.js';

const size = { height: 1, width: 3 };
const read = (...rgb: number[]) =>
  readLabelPicture({ ...size, data: Uint8Array.from(rgb) }, TINY_FACTS, { original: size, size });

describe('readLabelPicture', () => {
  it('reads class numbers from greys, the number behind the last where nothing is known', () => {
    assert.deepEqual([...read(0, 0, 0, 2, 2, 2, 255, 255, 255)], [0, 2, 3]);
  });

  it('reads the classes’ colours', () => {
    assert.deepEqual([...read(200, 30, 40, 50, 210, 60, 70, 80, 220)], [0, 1, 2]);
  });

  it('reaches the picture where that was scaled down', () => {
    const data = Uint8Array.from([0, 1, 2, 1].flatMap((k) => [k, k, k]));
    const options = { original: { height: 1, width: 4 }, size: { height: 1, width: 2 } };
    const labels = readLabelPicture({ height: 1, width: 4, data }, TINY_FACTS, options);
    assert.deepEqual([...labels], [1, 1]);
  });

  for (const [what, rgb, code] of [
    ['a number that is no class', [0, 0, 0, 9, 9, 9, 0, 0, 0], 'LABEL_INVALID'],
    ['a colour that is no class’s', [200, 30, 40, 1, 2, 3, 4, 5, 6], 'LABEL_INVALID'],
  ] as const) {
    it(`refuses ${what}`, () => {
      assert.throws(
        () => read(...rgb),
        (error) => isSegprobeError(error, code),
      );
    });
  }

  it('refuses a label of another size', () => {
    const label = { height: 2, width: 2, data: new Uint8Array(12) };
    assert.throws(
      () => readLabelPicture(label, TINY_FACTS, { original: size, size }),
      (error) => isSegprobeError(error, 'SHAPE_MISMATCH'),
    );
  });
});
