import assert from 'node:assert/strict';
import { paintChanged, paintDifference, paintLabels } from '../../../src/client/worker/paint.js';
import { encodePalettePng } from '../../../src/client/worker/palette-png.js';
import { decodePicture } from '../../../src/data/decode.js';

const PALETTE = [
  [1, 2, 3],
  [200, 100, 50],
] as const;

describe('paintLabels', () => {
  it('paints each class with its colour', () => {
    assert.deepEqual(
      [...paintLabels(Uint8Array.of(1, 0), PALETTE, null)],
      [200, 100, 50, 255, 1, 2, 3, 255],
    );
  });

  it('dims all classes but the one that is followed', () => {
    const [, , , followed, , , , other] = paintLabels(Uint8Array.of(1, 0), PALETTE, 1);
    assert.deepEqual([followed, other], [255, 40]);
  });
});

describe('paintDifference', () => {
  it('is grey where nothing changed, and amplified and cut off elsewhere', () => {
    const before = Uint8Array.of(10, 10, 10);
    const after = Uint8Array.of(10, 12, 110);
    assert.deepEqual([...paintDifference(before, after, 10)], [128, 148, 255, 255]);
  });
});

describe('paintChanged', () => {
  const picture = new Uint8Array(6).fill(100);
  const labels = { before: Uint8Array.of(0, 1), after: Uint8Array.of(1, 1) };
  it('shows what pixels became, the rest faintly', () => {
    const painted = paintChanged(picture, labels, PALETTE, null);
    assert.deepEqual([...painted], [200, 100, 50, 255, 22, 22, 22, 255]);
  });

  it('shows of a class that is followed what became of it', () => {
    assert.equal(paintChanged(picture, labels, PALETTE, 1)[0], 22);
  });
});

describe('encodePalettePng', () => {
  it('is a picture of the classes’ colours', async () => {
    const png = await encodePalettePng(
      Uint8Array.of(0, 1, 1, 0, 1, 0),
      { height: 2, width: 3 },
      PALETTE,
    );
    const bytes = new Uint8Array(await png.arrayBuffer());
    const { data, width } = await decodePicture(bytes, { minSide: 1 });
    assert.equal(width, 3);
    const [first, second] = PALETTE;
    assert.deepEqual([...data], [first, second, second, first, second, first].flat());
  });
});
