import assert from 'node:assert/strict';
import type { Rgb8 } from '../../../src/data/controls/control.js';
import { CONTROLS } from '../../../src/data/controls/index.js';
import { matchPsnr } from '../../../src/data/controls/match.js';
import { drawScene } from '../../../src/data/street/draw-scene.js';
import { measurePerturbation } from '../../../src/shared/perturbation.js';

describe('controls', () => {
  const size = { height: 96, width: 128 };
  const picture: Rgb8 = { ...size, data: drawScene(5, size).image };

  for (const control of Object.values(CONTROLS)) {
    it(`${control.name} gives a new picture of the same size, the same again for the same seed`, async () => {
      const before = picture.data.slice();
      const strength = control.isWhole ? 20 : 2;
      const [once, again] = [
        await control.apply(picture, strength, 1),
        await control.apply(picture, strength, 1),
      ];
      assert.equal(once.length, picture.data.length);
      assert.deepEqual(Buffer.from(once), Buffer.from(again));
      assert.deepEqual(picture.data, before);
    });

    it(`${control.name} is the farther from the picture the stronger it is`, async () => {
      const [least, greatest] = control.range;
      const found: number[] = [];
      for (const share of [0, 0.1, 0.3, 0.6]) {
        const middle = least + share * (greatest - least);
        const strength = control.isWhole ? Math.round(middle) : middle;
        const changed = await control.apply(picture, strength, 1);
        found.push(measurePerturbation(picture.data, changed, size).psnrDb ?? Infinity);
      }
      assert.ok(found[0]! > 35, `${found[0]}`);
      for (const [i, psnrDb] of found.slice(1).entries())
        assert.ok(psnrDb < found[i]!, String(found));
    });

    for (const psnrDb of [24, 30]) {
      it(`${control.name} is matched to a PSNR of ${psnrDb} dB`, async () => {
        const {
          perturbation,
          strength,
          picture: matched,
        } = await matchPsnr(control, picture, psnrDb);
        // A step of the strength is about 1 dB where strengths are whole numbers.
        const tolerance = control.isWhole ? 1 : 0.15;
        assert.ok(Math.abs(perturbation.psnrDb! - psnrDb) < tolerance, `${perturbation.psnrDb}`);
        const again = await control.apply(picture, strength, 1);
        assert.deepEqual(Buffer.from(matched), Buffer.from(again));
      });
    }
  }

  it('noise changes every channel by its strength, up and down as often, but where it is cut at 0 and 255', async () => {
    const grey = { ...size, data: new Uint8Array(picture.data.length).fill(100) };
    const changed = await CONTROLS['noise']!.apply(grey, 8, 1);
    const up = changed.filter((value) => value === 108).length;
    const down = changed.filter((value) => value === 92).length;
    assert.equal(up + down, changed.length);
    assert.ok(Math.abs(up / changed.length - 0.5) < 0.02);
    const black = { ...size, data: new Uint8Array(picture.data.length) };
    assert.deepEqual([...new Set(await CONTROLS['noise']!.apply(black, 8, 1))].toSorted(), [0, 8]);
  });

  it('hue leaves greys alone and turns red by 120 degrees to green', async () => {
    const colors = { height: 1, width: 2, data: Uint8Array.of(90, 90, 90, 255, 0, 0) };
    assert.deepEqual([...(await CONTROLS['hue']!.apply(colors, 120, 1))], [90, 90, 90, 0, 255, 0]);
  });

  it('takes the least strength where the picture cannot be changed so little', async () => {
    const { strength } = await matchPsnr(CONTROLS['noise']!, picture, 60);
    assert.ok(strength <= 1, `${strength}`);
  });
});
