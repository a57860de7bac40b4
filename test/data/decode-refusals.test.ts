import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { decodeLabel } from '../../src/data/decode-label.js';
import { decodePicture } from '../../src/data/decode.js';
import { classNumbers } from '../../src/data/label-coding.js';
import { sharp } from '../../src/data/sharp.js';
import { encodeBlank, encodeClaim, encodeFlat, encodePng } from '../support/pictures.js';
import { withTemporaryFolder } from '../support/temporary-folder.js';

describe('decodePicture refuses', () => {
  const whole = encodePng({ width: 64, height: 64, kind: 'rgb', at: (x, y) => (x * y) % 256 });
  const cases = [
    {
      name: 'no bytes',
      bytes: new Uint8Array(),
      code: 'IMAGE_EMPTY',
      message: /^p: expected a picture, got no bytes at all$/,
    },
    {
      name: 'text',
      bytes: Buffer.from('not a picture'),
      code: 'IMAGE_UNSUPPORTED',
      message: /^p: expected a PNG, JPEG, .*, got text$/,
    },
    {
      name: 'SVG',
      bytes: Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="20" height="20"/>'),
      code: 'IMAGE_UNSUPPORTED',
      message: /got text$/,
    },
    {
      name: 'GIF',
      bytes: Buffer.from('R0lGODdhAQABAIAAAAAAAP///ywAAAAAAQABAAACAkQBADs=', 'base64'),
      code: 'IMAGE_UNSUPPORTED',
      message: /got GIF$/,
    },
    {
      name: 'random bytes',
      bytes: Uint8Array.from({ length: 99 }, (_, i) => i * 89),
      code: 'IMAGE_UNSUPPORTED',
      message: /got another format$/,
    },
    {
      name: 'half a PNG',
      bytes: whole.subarray(0, whole.length / 2),
      code: 'IMAGE_UNREADABLE',
      message: /^p: expected a whole PNG picture, got a broken one \(.+\)$/,
    },
    {
      name: 'a PNG without its last pixels',
      bytes: whole.subarray(0, -20),
      code: 'IMAGE_UNREADABLE',
      message: /whole PNG/,
    },
    {
      name: 'a PNG that ends in its header',
      bytes: whole.subarray(0, 20),
      code: 'IMAGE_UNREADABLE',
      message: /whole PNG/,
    },
    {
      name: 'a PNG with a flipped bit',
      bytes: whole.map((byte, i) => (i === 60 ? byte ^ 1 : byte)),
      code: 'IMAGE_UNREADABLE',
      message: /whole PNG/,
    },
    {
      name: '30000×30000 by the header alone',
      bytes: encodeClaim(30000, 30000),
      code: 'IMAGE_TOO_LARGE',
      message: /^p: expected at most 67108864 pixels, got 30000×30000 \(900000000\)$/,
    },
    {
      name: '1×1',
      bytes: encodeFlat(1, 1, [0, 0, 0]),
      code: 'IMAGE_TOO_SMALL',
      message: /^p: expected at least 8×8 pixels, got 1×1$/,
    },
    {
      name: '7×100',
      bytes: encodeFlat(7, 100, [0, 0, 0]),
      code: 'IMAGE_TOO_SMALL',
      message: /got 7×100$/,
    },
    {
      name: '100×7',
      bytes: encodeFlat(100, 7, [0, 0, 0]),
      code: 'IMAGE_TOO_SMALL',
      message: /got 100×7$/,
    },
  ];
  for (const { name, bytes, code, message } of cases) {
    it(`${name} as ${code}`, () =>
      assert.rejects(decodePicture(bytes, { what: 'p' }), {
        name: 'SegprobeError',
        code,
        message,
      }));
  }

  for (const format of ['jpeg', 'webp'] as const) {
    it(`a ${format} cut short`, async () => {
      const bytes = await sharp(whole).toFormat(format).toBuffer();
      for (const length of [bytes.length - 4, Math.floor(bytes.length / 2)]) {
        await assert.rejects(decodePicture(bytes.subarray(0, length)), {
          code: 'IMAGE_UNREADABLE',
        });
      }
    });
  }

  it('files as it refuses bytes, naming them', () =>
    withTemporaryFolder(async (folder) => {
      const file = path.join(folder, 'picture.jpg');
      await assert.rejects(decodePicture(file), {
        code: 'FILE_NOT_FOUND',
        message: new RegExp(`^${file}: `),
      });
      await assert.rejects(decodePicture(folder), {
        code: 'FILE_INVALID',
        message: new RegExp(`^${folder}: .*got a folder`),
      });
      for (const { bytes, code } of cases) {
        await writeFile(file, bytes);
        await assert.rejects(decodePicture(file), { code, message: new RegExp(`^${file}: `) });
      }
    }));

  it('more pixels than it is told to take, and takes as many', async () => {
    const bytes = encodeFlat(10, 9, [1, 2, 3]);
    await assert.rejects(decodePicture(bytes, { maxPixels: 89 }), { code: 'IMAGE_TOO_LARGE' });
    assert.equal((await decodePicture(bytes, { maxPixels: 90 })).width, 10);
  });

  it('less height or width than it is told to, and takes as much', async () => {
    const bytes = encodeFlat(10, 9, [1, 2, 3]);
    await assert.rejects(decodePicture(bytes, { minSide: 10 }), { code: 'IMAGE_TOO_SMALL' });
    assert.equal((await decodePicture(bytes, { minSide: 9 })).width, 10);
  });

  it('too many pixels without decoding them', async () => {
    // A whole picture of 144 million pixels in 20 kB; decoding it takes seconds and 400 MB.
    const bytes = encodeBlank(12_000, 12_000);
    for (const decode of [
      () => decodePicture(bytes, { maxPixels: 1e6 }),
      () => decodeLabel(bytes, { maxPixels: 1e6, coding: classNumbers(2) }),
    ]) {
      const before = process.cpuUsage();
      await assert.rejects(decode(), { code: 'IMAGE_TOO_LARGE' });
      const { user, system } = process.cpuUsage(before);
      assert.ok(user + system < 100_000, `took ${user + system} µs of CPU`);
    }
  });
});
