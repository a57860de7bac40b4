import assert from 'node:assert/strict';
import {
  countBits,
  differenceHash,
  HASH_WORDS,
  hashDistance,
} from '../../../src/data/check/difference-hash.js';
import { decodePicture } from '../../../src/data/decode.js';
import { sharp } from '../../../src/data/sharp.js';
import { drawScene } from '../../../src/data/street/draw-scene.js';
import { createRandom } from '../../../src/shared/random.js';

const SIZE = { width: 240, height: 160 };

describe('differenceHash', () => {
  it('has a bit for each pixel of a 17×16 picture whose right neighbour is lighter', async () => {
    // Row y rises by 5 a pixel up to column y and falls by 5 from there: bits 0..y-1 of row y are set.
    const size = { width: 17, height: 16 };
    const data = new Uint8Array(3 * 17 * 16);
    for (let y = 0; y < 16; y++) {
      for (let x = 0; x < 17; x++) {
        const at = 3 * (17 * y + x);
        data.fill(100 - 5 * Math.abs(x - y), at, at + 3);
      }
    }
    const rows = Array.from({ length: 16 }, (_, y) => 2 ** y - 1);
    const expected = Array.from(
      { length: HASH_WORDS },
      (_, i) => rows[2 * i]! + 2 ** 16 * rows[2 * i + 1]!,
    );
    assert.deepEqual([...(await differenceHash(data, size))!], expected);
  });

  const scenes = [1, 2, 3].map((seed) => drawScene(seed, SIZE).image);
  const open = (image: Uint8Array): ReturnType<typeof sharp> =>
    sharp(image, { raw: { ...SIZE, channels: 3 } });
  for (const { name, edit, most } of [
    {
      name: 'JPEG of quality 50',
      edit: (image: Uint8Array) => open(image).jpeg({ quality: 50 }),
      most: 24,
    },
    {
      name: 'half the size',
      edit: (image: Uint8Array) => open(image).resize(120, 80).png(),
      most: 24,
    },
    {
      name: 'lighter by a seventh',
      edit: (image: Uint8Array) => open(image).linear(1.15, 3).png(),
      most: 31,
    },
  ]) {
    it(`changes little by ${name}`, async () => {
      for (const image of scenes) {
        const picture = await decodePicture(await edit(image).toBuffer());
        const [before, after] = [
          await differenceHash(image, SIZE),
          await differenceHash(picture.data, picture),
        ];
        const distance = hashDistance(before!, after!);
        assert.ok(distance <= most, `${distance} of 256 bits apart`);
      }
    });
  }

  it('tells scenes apart', async () => {
    const hashes = await Promise.all(scenes.map((image) => differenceHash(image, SIZE)));
    for (const [a, b] of [
      [0, 1],
      [0, 2],
      [1, 2],
    ] as const) {
      const distance = hashDistance(hashes[a]!, hashes[b]!);
      assert.ok(distance > 50, `scenes ${a} and ${b}: ${distance} of 256 bits apart`);
    }
  });

  it('is undefined for a picture of next to one colour', async () => {
    const size = { width: 20, height: 20 };
    assert.equal(await differenceHash(new Uint8Array(1200).fill(77), size), undefined);
    const random = createRandom(1);
    const noise = Uint8Array.from({ length: 1200 }, () => 77 + Math.round(random()));
    assert.equal(await differenceHash(noise, size), undefined);
  });
});

describe('countBits', () => {
  it('counts as the word is written in binary', () => {
    const random = createRandom(3);
    const words = Array.from({ length: 100 }, () => Math.floor(random() * 2 ** 32));
    for (const word of [0, 1, 0x80000000, 0xffffffff, ...words]) {
      const expected = word.toString(2).replaceAll('0', '').length;
      assert.equal(countBits(word), expected, String(word));
      assert.equal(countBits(word | 0), expected, `${word} as a signed word`);
    }
  });
});
