import type { RequestHandler } from 'express';
import { encodePicturePng } from '../data/encode-picture.js';
import { openSampleDataset } from '../data/street/sample-dataset.js';
import { SegprobeError } from '../shared/errors.js';

/** Scenes that the page offers. */
const COUNT = 6;

/** `GET /samples/N.png`: drawn street scenes, to try the models on. Each is drawn once. */
export function createSamplesRoute(): RequestHandler {
  const drawn = new Map<number, Promise<Buffer>>();
  return async (request, response) => {
    const name = String(request.params['file']);
    const number = Number(/^(\d{1,3})\.png$/.exec(name)?.[1] ?? NaN);
    if (!(number < COUNT)) {
      throw new SegprobeError(
        'NOT_FOUND',
        `expected /samples/0.png to /samples/${COUNT - 1}.png, got ${request.path.slice(0, 100)}`,
      );
    }
    const picture = drawn.get(number) ?? draw(number);
    drawn.set(number, picture);
    response
      .set('Cache-Control', 'public, max-age=86400')
      .type('image/png')
      .send(await picture);
  };
}

async function draw(number: number): Promise<Buffer> {
  const dataset = openSampleDataset({ split: 'val' });
  try {
    const scene = await dataset.read(number, dataset.defaultSize);
    return await encodePicturePng({ ...scene, data: scene.image });
  } finally {
    await dataset.close();
  }
}
