import assert from 'node:assert/strict';
import { resizePicture } from '../../../src/client/worker/resize-picture.js';
import { decodePicture } from '../../../src/data/decode.js';
import { drawScene } from '../../../src/data/street/draw-scene.js';
import { toPng } from '../../support/rgb-pictures.js';

describe('resizePicture', () => {
  it('is the picture itself where it has that size', () => {
    const picture = { height: 1, width: 1, data: Uint8Array.of(1, 2, 3) };
    assert.equal(resizePicture(picture, picture).data, picture.data);
  });

  it('takes the mean of two pixels where it halves, with a triangle over their neighbours', () => {
    // A triangle of reach 2 about 0.5 weighs 0.25 0.75 0.75 0.25 of 2; the first and the last pixel are repeated.
    const data = Uint8Array.from([0, 0, 80, 80].flatMap((value) => [value, value, value]));
    const { data: halved } = resizePicture({ height: 1, width: 4, data }, { height: 1, width: 2 });
    assert.deepEqual([halved[0], halved[3]], [(80 * 0.25) / 2, (80 * 1.75) / 2]);
  });

  for (const [from, to] of [
    [
      { width: 640, height: 480 },
      { width: 480, height: 360 },
    ],
    [
      { width: 1280, height: 720 },
      { width: 480, height: 360 },
    ],
    [
      { width: 2000, height: 1500 },
      { width: 480, height: 360 },
    ],
    [
      { width: 1501, height: 499 },
      { width: 240, height: 180 },
    ],
    [
      { width: 480, height: 360 },
      { width: 333, height: 217 },
    ],
    [
      { width: 240, height: 180 },
      { width: 480, height: 360 },
    ],
    [
      { width: 600, height: 200 },
      { width: 480, height: 360 },
    ],
  ] as const) {
    it(`makes ${to.width}×${to.height} of ${from.width}×${from.height} as the service does, value by value`, async () => {
      const { image, ...scene } = drawScene(3, from);
      const data = new Uint8Array(image);
      const expected = await decodePicture(await toPng({ ...scene, data }), { size: to });
      const resized = resizePicture({ ...from, data }, to);
      assert.deepEqual(resized.data, new Uint8Array(expected.data));
    });
  }
});
