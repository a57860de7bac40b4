import { z } from 'zod';
import { encodePicturePng } from '../data/encode-picture.js';
import { openSampleDataset } from '../data/street/sample-dataset.js';
import { SegprobeError } from '../shared/errors.js';
import { binary } from './answers.js';
import type { Operation, Route } from './route.js';

/** Scenes that the page offers. */
const COUNT = 6;
const FILES = Array.from({ length: COUNT }, (_, i) => `${i}.png`);

const paramsSchema = z.object({ file: z.enum(FILES) });

const operation: Operation = {
  tag: 'Pictures',
  summary: 'Drawn street scenes, to try the models on',
  params: paramsSchema,
  answers: { 200: { description: 'The scene', content: { 'image/png': binary('image/png') } } },
  refusals: ['NOT_FOUND'],
};

/** `GET /samples/N.png`: drawn street scenes, to try the models on. Each is drawn once. */
export function createSamplesRoute(): Route {
  const drawn = new Map<string, Promise<Buffer>>();
  return {
    operation,
    handler: async (request, response) => {
      const { data } = paramsSchema.safeParse(request.params);
      if (data === undefined) {
        throw new SegprobeError(
          'NOT_FOUND',
          `expected /samples/${FILES[0]} to /samples/${FILES.at(-1)}, got ${request.path.slice(0, 100)}`,
        );
      }
      const picture = drawn.get(data.file) ?? draw(FILES.indexOf(data.file));
      drawn.set(data.file, picture);
      response
        .set('Cache-Control', 'public, max-age=86400')
        .type('image/png')
        .send(await picture);
    },
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
