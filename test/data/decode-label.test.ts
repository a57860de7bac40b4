import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { deflateSync } from 'node:zlib';
import { decodeLabel } from '../../src/data/decode-label.js';
import { classNumbers } from '../../src/data/label-coding.js';
import { sharp } from '../../src/data/sharp.js';
import { encodeClaim, encodeLabel, encodePng, type PngPicture } from '../support/pictures.js';
import { withTemporaryFolder } from '../support/temporary-folder.js';

const WIDTH = 13;
const HEIGHT = 11;
const CLASSES = 12;
const CODING = classNumbers(CLASSES);

describe('decodeLabel', () => {
  for (const kind of ['grey', 'palette'] as const) {
    for (const bits of [1, 2, 4, 8, 16] as const) {
      if (kind === 'palette' && bits === 16) continue;
      for (const interlaced of [false, true]) {
        const at = (x: number, y: number): number => (3 * x + 5 * y) % Math.min(CLASSES, 2 ** bits);
        const picture = { width: WIDTH, height: HEIGHT, kind, bits, interlaced, at };
        it(`reads exact numbers from ${kind} of ${bits} bits${interlaced ? ', interlaced' : ''}`, () =>
          assertNumbers(encodePng(picture), at));
      }
    }
  }

  const at = (x: number, y: number): number => (x + y) % CLASSES;
  const label: PngPicture = { width: WIDTH, height: HEIGHT, kind: 'grey', at };

  it('reads a path as it reads bytes, of greyscale and of a palette', () =>
    withTemporaryFolder(async (folder) => {
      for (const kind of ['grey', 'palette'] as const) {
        const file = path.join(folder, `${kind}.png`);
        const bytes = encodePng({ ...label, kind });
        await writeFile(file, bytes);
        const options = { coding: CODING };
        assert.deepEqual(await decodeLabel(file, options), await decodeLabel(bytes, options));
      }
    }));

  it('reads indices where several are of one colour or transparent', () => {
    const palette = Array.from({ length: CLASSES }, () => [1, 2, 3] as const);
    const chunks = { tRNS: Uint8Array.from({ length: CLASSES }, (_, i) => i) };
    return assertNumbers(encodePng({ ...label, kind: 'palette', palette, chunks }), at);
  });

  it('lets neither gamma nor a colour profile change a number', async () => {
    const gamma = Uint8Array.from([0, 1, 0x86, 0xa0]); // 100000, that is 1.0
    await assertNumbers(encodePng({ ...label, chunks: { gAMA: gamma } }), at);
    const numbers = encodePng({ ...label, chunks: { iCCP: linearGreyProfile() } });
    const managed = await sharp(numbers).toColourspace('b-w').raw().toBuffer();
    assert.notEqual(managed[1], at(1, 0), 'colour management would change the numbers');
    await assertNumbers(numbers, at);
  });

  it('takes 16 bits only while the numbers are classes', async () => {
    // 0x0100 would be class 1 to a reader of high bytes, and 0 to one of low bytes.
    const bytes = encodePng({
      ...label,
      bits: 16,
      at: (x, y) => (x === 4 && y === 2 ? 0x0100 : 1),
    });
    await assert.rejects(decodeLabel(bytes, { coding: CODING }), {
      code: 'LABEL_INVALID',
      message: /got 256 at pixel \(4, 2\); 1 of 143 pixels/,
    });
  });

  it('resizes to the nearest pixel and keeps the size in the file', async () => {
    const bytes = encodeLabel([
      [0, 1, 2, 3],
      [4, 5, 6, 7],
    ]);
    const size = { width: 2, height: 3 };
    // Columns floor(0.5 * 4/2) = 1 and floor(1.5 * 4/2) = 3; rows floor((0.5, 1.5, 2.5) * 2/3) = 0, 1, 1.
    const { data, ...rest } = await decodeLabel(bytes, { coding: CODING, size });
    assert.deepEqual([...data], [1, 3, 5, 7, 5, 7]);
    assert.deepEqual(rest, { ...size, originalSize: { width: 4, height: 2 } });
  });

  it('names the first number that is no class, its place and how many there are', async () => {
    const bytes = encodeLabel([
      [0, 11, 0],
      [0, 12, 255],
    ]);
    await assert.rejects(decodeLabel(bytes, { coding: CODING, what: 'annot/a.png' }), {
      code: 'LABEL_INVALID',
      message:
        'annot/a.png: expected class numbers 0..11, got 12 at pixel (1, 1); 2 of 6 pixels are no class',
    });
  });

  it('finds a wrong number that resizing would skip', async () => {
    const size = { width: 1, height: 1 };
    await assert.rejects(decodeLabel(encodeLabel([[99, 0, 0]]), { coding: CODING, size }), {
      code: 'LABEL_INVALID',
    });
  });

  describe('refuses', () => {
    const whole = encodePng({ ...label, width: 64, height: 64 });
    const palette = encodePng({ ...label, width: 64, height: 64, kind: 'palette' });
    const cases = [
      {
        name: 'RGB',
        bytes: encodePng({ ...label, kind: 'rgb' }),
        code: 'LABEL_INVALID',
        message: /^l: expected one channel of class numbers, got RGB$/,
      },
      {
        name: 'RGBA',
        bytes: encodePng({ ...label, kind: 'rgba' }),
        code: 'LABEL_INVALID',
        message: /got RGBA$/,
      },
      {
        name: 'greyscale with transparency',
        bytes: encodePng({ ...label, kind: 'greyAlpha' }),
        code: 'LABEL_INVALID',
        message: /got greyscale with transparency$/,
      },
      { name: 'no bytes', bytes: new Uint8Array(), code: 'IMAGE_EMPTY', message: /^l: / },
      {
        name: 'text',
        bytes: Buffer.from('0 1 2'),
        code: 'IMAGE_UNSUPPORTED',
        message: /^l: .*got text/,
      },
      {
        name: 'half a PNG',
        bytes: whole.subarray(0, whole.length / 2),
        code: 'IMAGE_UNREADABLE',
        message: /^l: /,
      },
      {
        name: 'half a palette PNG',
        bytes: palette.subarray(0, palette.length - 60),
        code: 'IMAGE_UNREADABLE',
        message: /^l: /,
      },
      {
        name: '30000×30000',
        bytes: encodeClaim(30000, 30000),
        code: 'IMAGE_TOO_LARGE',
        message: /^l: .*30000×30000/,
      },
    ];
    for (const { name, bytes, code, message } of cases) {
      it(`${name} as ${code}`, () =>
        assert.rejects(decodeLabel(bytes, { coding: CODING, what: 'l' }), { code, message }));
    }

    it('JPEG, whose numbers are not exact', async () => {
      const bytes = await sharp(whole).jpeg().toBuffer();
      await assert.rejects(decodeLabel(bytes, { coding: classNumbers(256), what: 'l' }), {
        code: 'LABEL_INVALID',
        message: 'l: expected a PNG of class numbers, got JPEG',
      });
    });

    it('a missing file', () =>
      assert.rejects(decodeLabel('no/such.png', { coding: classNumbers(2) }), {
        code: 'FILE_NOT_FOUND',
      }));
  });
});

async function assertNumbers(
  bytes: Uint8Array,
  at: (x: number, y: number) => number,
): Promise<void> {
  const { width, height, data } = await decodeLabel(bytes, { coding: CODING });
  assert.deepEqual([width, height], [WIDTH, HEIGHT]);
  const expected = Array.from({ length: WIDTH * HEIGHT }, (_, i) =>
    at(i % WIDTH, Math.floor(i / WIDTH)),
  );
  assert.deepEqual([...data], expected);
}

/** An iCCP chunk with a grey profile of gamma 1: the least that colour management obeys. */
function linearGreyProfile(): Uint8Array {
  const profile = Buffer.alloc(128 + 4 + 2 * 12 + 20 + 16);
  profile.writeUInt32BE(profile.length, 0);
  profile.writeUInt32BE(0x02400000, 8);
  profile.write('mntrGRAYXYZ ', 12, 'latin1');
  profile.write('acsp', 36, 'latin1');
  const whitePoint = [0xf6d6, 0x10000, 0xd32d]; // D50 in 16.16 fixed point
  whitePoint.forEach((value, i) => profile.writeUInt32BE(value, 68 + 4 * i));
  profile.writeUInt32BE(2, 128);
  profile.write('wtpt', 132, 'latin1');
  profile.writeUInt32BE(156, 136);
  profile.writeUInt32BE(20, 140);
  profile.write('kTRC', 144, 'latin1');
  profile.writeUInt32BE(176, 148);
  profile.writeUInt32BE(14, 152);
  profile.write('XYZ ', 156, 'latin1');
  whitePoint.forEach((value, i) => profile.writeUInt32BE(value, 164 + 4 * i));
  profile.write('curv', 176, 'latin1');
  profile.writeUInt32BE(1, 184);
  profile.writeUInt16BE(0x0100, 188); // gamma 1.0 in 8.8 fixed point
  return Buffer.concat([Buffer.from('grey\0\0', 'latin1'), deflateSync(profile)]);
}
