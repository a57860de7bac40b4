import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { decodePicture } from '../../src/data/decode.js';
import { sharp } from '../../src/data/sharp.js';
import { encodeFlat, encodePng } from '../support/pictures.js';
import { withTemporaryFolder } from '../support/temporary-folder.js';

/** 8 wide, 10 high: red counts columns, green counts rows, blue is 9. */
const GRADIENT = { width: 8, height: 10, at: (x: number, y: number, c: number) => [x, y, 9][c]! };
const redAndGreenAt = (data: Uint8Array, width: number, x: number, y: number): number[] => [
  ...data.subarray(3 * (y * width + x), 3 * (y * width + x) + 2),
];

describe('decodePicture', () => {
  it('gives RGB in rows, then columns, then channels', async () => {
    const picture = await decodePicture(encodePng({ ...GRADIENT, kind: 'rgb' }));
    assert.equal(picture.width, 8);
    assert.equal(picture.height, 10);
    assert.equal(picture.format, 'png');
    const expected = Array.from({ length: 80 }, (_, i) => [i % 8, Math.floor(i / 8), 9]).flat();
    assert.deepEqual([...picture.data], expected);
  });

  it('reads a path as it reads bytes', () =>
    withTemporaryFolder(async (folder) => {
      const bytes = encodePng({ ...GRADIENT, kind: 'rgb' });
      const file = path.join(folder, 'a [1] %41.png');
      await writeFile(file, bytes);
      assert.deepEqual(await decodePicture(file), await decodePicture(bytes));
    }));

  const samples = { grey: [1], palette: [1], greyAlpha: [1, 0], rgba: [10, 20, 30, 0] };
  const flat = (kind: keyof typeof samples, bits: 1 | 2 | 4 | 8 | 16) =>
    encodePng({
      width: 8,
      height: 8,
      kind,
      bits,
      palette: [
        [0, 0, 0],
        [10, 20, 30],
      ],
      at: (_x, _y, c) => samples[kind][c]!,
    });
  for (const { name, bytes, expected } of [
    { name: 'grey of 1 bit', bytes: flat('grey', 1), expected: [255, 255, 255] },
    { name: 'grey of 4 bits, 1/15 of white', bytes: flat('grey', 4), expected: [17, 17, 17] },
    { name: 'grey of 8 bits', bytes: flat('grey', 8), expected: [1, 1, 1] },
    {
      name: 'grey with transparency, dropping it',
      bytes: flat('greyAlpha', 8),
      expected: [1, 1, 1],
    },
    { name: 'RGBA, dropping the transparency', bytes: flat('rgba', 8), expected: [10, 20, 30] },
    { name: 'a palette of 8 bits', bytes: flat('palette', 8), expected: [10, 20, 30] },
    { name: 'a palette of 1 bit', bytes: flat('palette', 1), expected: [10, 20, 30] },
  ]) {
    it(`brings to 8-bit RGB: ${name}`, async () => {
      const { data } = await decodePicture(bytes);
      assert.equal(data.length, 8 * 8 * 3);
      assert.deepEqual([...data.subarray(0, 3)], expected);
    });
  }

  it('brings 16 bits a channel to 8 by their high bytes', async () => {
    const at = (_x: number, _y: number, c: number): number => [0x1234, 0x8000, 0xfeff][c]!;
    const { data } = await decodePicture(
      encodePng({ width: 8, height: 8, kind: 'rgb', bits: 16, at }),
    );
    assert.deepEqual([...data.subarray(0, 3)], [0x12, 0x80, 0xfe]);
  });

  for (const format of ['jpeg', 'webp', 'avif', 'tiff'] as const) {
    it(`reads ${format}`, async () => {
      const bytes = await sharp(encodeFlat(16, 8, [200, 100, 50]))
        .toFormat(format)
        .toBuffer();
      const picture = await decodePicture(bytes);
      assert.deepEqual([picture.width, picture.height], [16, 8]);
      picture.data.forEach((value, i) => assert.ok(Math.abs(value - [200, 100, 50][i % 3]!) <= 4));
    });
  }

  it('brings a picture with a colour profile to sRGB', async () => {
    const bytes = await sharp(encodeFlat(8, 8, [200, 100, 50]))
      .withIccProfile('p3')
      .png()
      .toBuffer();
    const stored = await sharp(bytes, { ignoreIcc: true }).raw().toBuffer();
    assert.ok(Math.abs(stored[0]! - 200) > 5, 'the file holds the numbers of another colour space');
    const { data } = await decodePicture(bytes);
    [200, 100, 50].forEach((value, c) => assert.ok(Math.abs(data[c]! - value) <= 2));
  });

  it('turns the picture upright as its EXIF orientation says', async () => {
    // Orientation 6: what is stored must be turned clockwise; its lower left corner becomes the upper left one.
    const stored = encodePng({ ...GRADIENT, kind: 'rgb' });
    const bytes = await sharp(stored).withMetadata({ orientation: 6 }).png().toBuffer();
    const { width, height, originalSize, data } = await decodePicture(bytes);
    assert.deepEqual({ width, height }, { width: 10, height: 8 });
    assert.deepEqual(originalSize, { width: 10, height: 8 });
    assert.deepEqual(redAndGreenAt(data, 10, 0, 0), [0, 9]);
    assert.deepEqual(redAndGreenAt(data, 10, 9, 7), [7, 0]);
  });

  it('gives the size asked for, upright, and keeps the one in the file', async () => {
    const stored = encodePng({ ...GRADIENT, kind: 'rgb' });
    const bytes = await sharp(stored).withMetadata({ orientation: 6 }).png().toBuffer();
    const picture = await decodePicture(bytes, { size: { width: 5, height: 4 } });
    assert.deepEqual([picture.width, picture.height, picture.data.length], [5, 4, 60]);
    assert.deepEqual(picture.originalSize, { width: 10, height: 8 });
  });

  it('shrinks by a triangle filter over all pixels', async () => {
    // Columns 0, 80, 160, 0, 80, 160, …; at half the size each pixel is (1, 3, 3, 1) / 8 of the four nearest.
    const at = (x: number): number => (x % 3) * 80;
    const bytes = encodePng({ width: 16, height: 16, kind: 'grey', at });
    const { data } = await decodePicture(bytes, { size: { width: 8, height: 8 } });
    for (let x = 1; x < 7; x++) {
      const [a, b, c, d] = [at(2 * x - 1), at(2 * x), at(2 * x + 1), at(2 * x + 2)];
      const expected = (a + 3 * b + 3 * c + d) / 8;
      const actual = data[3 * (8 * 4 + x)]!;
      assert.ok(
        Math.abs(actual - expected) <= 1,
        `column ${x}: expected ${expected}, got ${actual}`,
      );
    }
  });

  it('enlarges between the centres of pixels, so that picture and label stay aligned', async () => {
    // Twice as wide, columns 0, 10, 20, …: target column i lies at (i + 0.5) / 2 - 0.5 of the source.
    const bytes = encodePng({ width: 8, height: 8, kind: 'grey', at: (x) => 10 * x });
    const { data } = await decodePicture(bytes, { size: { width: 16, height: 8 } });
    const row = Array.from({ length: 16 }, (_, x) => data[3 * (16 * 3 + x)]!);
    // 0 (held), 2.5, 7.5, 12.5, … 67.5, 70 (held), rounded
    const inner = Array.from({ length: 14 }, (_, i) => Math.round(2.5 + 5 * i));
    assert.deepEqual(row, [0, ...inner, 70]);
  });

  it('enlarges rows as it enlarges columns', async () => {
    const at = (x: number, y: number, c: number): number => (7 * x + 11 * y * y + c) % 256;
    const [wide, tall] = await Promise.all(
      [at, (x: number, y: number, c: number) => at(y, x, c)].map(async (own, i) => {
        const bytes = encodePng({ width: 8, height: 8, kind: 'rgb', at: own });
        const size = i === 0 ? { width: 21, height: 13 } : { width: 13, height: 21 };
        return decodePicture(bytes, { size });
      }),
    );
    for (let i = 0; i < wide!.data.length; i++) {
      const [c, x, y] = [i % 3, Math.floor(i / 3) % 21, Math.floor(i / 63)];
      assert.equal(tall!.data[3 * (13 * x + y) + c], wide!.data[i]);
    }
  });

  it('enlarges one axis while it shrinks the other', async () => {
    const bytes = encodePng({
      width: 8,
      height: 16,
      kind: 'rgb',
      at: (x, y, c) => [10 * x, 5 * y, 9][c]!,
    });
    const picture = await decodePicture(bytes, { size: { width: 16, height: 8 } });
    assert.deepEqual([picture.width, picture.height, picture.data.length], [16, 8, 16 * 8 * 3]);
    // Column 5 lies at 2.25 of the source; row 3 is the middle of source rows 6 and 7.
    assert.deepEqual(
      [...picture.data.subarray(3 * (16 * 3 + 5), 3 * (16 * 3 + 5) + 3)],
      [23, 33, 9],
    );
  });

  it('keeps every pixel of a picture that has the size asked for', async () => {
    const noise = encodePng({
      width: 9,
      height: 8,
      kind: 'rgb',
      at: (x, y, c) => (x * y * 37 + c * 91) % 256,
    });
    const size = { width: 9, height: 8 };
    assert.deepEqual(
      (await decodePicture(noise, { size })).data,
      (await decodePicture(noise)).data,
    );
  });
});
