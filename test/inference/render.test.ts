import assert from 'node:assert/strict';
import { decode } from 'fast-png';
import { sharp } from '../../src/data/sharp.js';
import { openModels } from '../../src/inference/open-model.js';
import { encodeLabelPng } from '../../src/inference/palette-png.js';
import { createInferencePool } from '../../src/inference/pool.js';
import type { InferencePool } from '../../src/inference/pool.js';
import { renderPng, summarize } from '../../src/inference/render.js';
import { segmentPicture } from '../../src/inference/segment-picture.js';
import { strongestChannel, testPicture, toPng } from '../support/rgb-pictures.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { TINY_FACTS, writeTinyVictim } from '../support/tiny-models.js';

describe('encodeLabelPng', () => {
  const labels = Uint8Array.of(0, 2, 1, 1, 0, 2);
  const size = { height: 2, width: 3 };

  it('writes class numbers as palette indices in their colours', async () => {
    const png = await encodeLabelPng(labels, size, TINY_FACTS.palette);
    const { width, height, depth, palette, data } = decode(png, { checkCrc: true });
    assert.deepEqual([width, height, depth], [3, 2, 8]);
    assert.deepEqual(palette, TINY_FACTS.palette);
    assert.deepEqual(Array.from(data), Array.from(labels));
    const rgb = await sharp(png).removeAlpha().raw().toBuffer();
    assert.deepEqual(
      Array.from(rgb),
      Array.from(labels).flatMap((label) => TINY_FACTS.palette[label]!),
    );
  });

  it('writes class numbers as grey values without a palette', async () => {
    const png = await encodeLabelPng(labels, size);
    const { channels, palette, data } = decode(png, { checkCrc: true });
    assert.deepEqual([channels, palette], [1, undefined]);
    assert.deepEqual(Array.from(data), Array.from(labels));
    const { isPalette, space } = await sharp(png).metadata();
    assert.deepEqual([isPalette, space], [false, 'b-w']);
  });

  it('writes all 256 classes', async () => {
    const all = Uint8Array.from({ length: 256 }, (_, i) => i);
    const palette = Array.from(all, (i) => [i, 255 - i, 7] as const);
    const decoded = decode(await encodeLabelPng(all, { height: 16, width: 16 }, palette));
    assert.deepEqual(Array.from(decoded.data), Array.from(all));
    assert.deepEqual(decoded.palette, palette);
  });
});

describe('segmentPicture', () => {
  let pool: InferencePool;
  let remove: () => Promise<void>;
  before(async () => {
    const scratch = await scratchFolder();
    remove = scratch.remove;
    await writeTinyVictim(scratch.folder, 'tiny');
    await writeTinyVictim(scratch.folder, 'zebra');
    pool = createInferencePool({ models: await openModels(scratch.folder) });
  });
  after(async () => {
    await pool.close();
    await remove();
  });

  it('labels a picture from its bytes, by the first victim unless told otherwise', async () => {
    const picture = testPicture(24, 16);
    const renderings = ['labels'] as const;
    const result = await segmentPicture(pool, await toPng(picture), { renderings });
    const { data } = decode(result.pngs.labels!);
    assert.deepEqual(Array.from(data), Array.from(strongestChannel(picture)));
    assert.deepEqual([result.model, result.overlay], ['tiny', undefined]);
    const other = await segmentPicture(pool, await toPng(picture), { model: 'zebra' });
    assert.equal(other.model, 'zebra');
    for (const time of Object.values(result.milliseconds)) assert.ok(time >= 0);
    assert.deepEqual(Object.keys(result.milliseconds), ['decode', 'queue', 'inference', 'encode']);
  });

  it('labels the same pixels whether or not the picture is painted too', async () => {
    const png = await toPng(testPicture(100, 70));
    const plain = await segmentPicture(pool, png, { renderings: ['labels'] });
    const painted = await segmentPicture(pool, png, { renderings: ['labels', 'overlay'] });
    assert.deepEqual([plain.height, plain.width, plain.overlay], [70, 100, undefined]);
    assert.deepEqual(painted.pngs, plain.pngs);
    assert.equal(painted.overlay?.length, 7000 * 3);
  });

  it('refuses a picture beyond the limit, by the name it was given', async () => {
    const png = await toPng(testPicture(24, 16));
    await assert.rejects(segmentPicture(pool, png, { maxPixels: 383, what: 'cat.png' }), {
      code: 'IMAGE_TOO_LARGE',
      message: /^cat\.png: /,
    });
  });

  it('is rendered as mask, labels and overlay', async () => {
    const picture = testPicture(24, 16);
    const renderings = ['mask', 'labels', 'overlay'] as const;
    const result = await segmentPicture(pool, await toPng(picture), { renderings });
    const expected = Array.from(strongestChannel(picture));
    const mask = decode(await renderPng('mask', result));
    assert.deepEqual([Array.from(mask.data), mask.palette], [expected, TINY_FACTS.palette]);
    const labels = decode(await renderPng('labels', result));
    assert.deepEqual([Array.from(labels.data), labels.palette], [expected, undefined]);
    const overlay = await renderPng('overlay', result);
    const { data, info } = await sharp(overlay).raw().toBuffer({ resolveWithObject: true });
    assert.deepEqual([info.width, info.height, info.channels], [24, 16, 3]);
    assert.deepEqual(Array.from(data), Array.from(result.overlay!));
  });

  it('is summed up by class, with shares that make one', async () => {
    const picture = testPicture(24, 16);
    const result = await segmentPicture(pool, await toPng(picture));
    const { classes, ...rest } = summarize(result, TINY_FACTS);
    assert.deepEqual(rest, { model: 'tiny', width: 24, height: 16 });
    const pixels = [0, 1, 2].map((k) => strongestChannel(picture).filter((l) => l === k).length);
    assert.deepEqual(
      classes,
      pixels.map((count, k) => ({
        name: TINY_FACTS.classes[k],
        color: TINY_FACTS.palette[k],
        pixels: count,
        share: count / 384,
      })),
    );
  });
});
