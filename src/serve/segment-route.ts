import { z } from 'zod';
import { findVictim } from '../inference/find-model.js';
import { renderPng, summarize } from '../inference/render.js';
import { RENDERINGS } from '../inference/rendering.js';
import { segmentPicture } from '../inference/segment-picture.js';
import { formatParameter } from './answer-format.js';
import { imageAnswer, imageBody, segmentationSchema, UNCHANGED } from './answers.js';
import { createImageRoute, IMAGE_REFUSALS, type ImageRouteDeps } from './image-route.js';
import { modelParameter, parseQuery } from './queries.js';
import type { Operation, Route } from './route.js';

const FORMATS = { pictures: RENDERINGS, png: 'mask' } as const;

const querySchema = z.object({ model: modelParameter, format: formatParameter(FORMATS) });

const operation: Operation = {
  tag: 'Pictures',
  summary: 'Segment pictures: palette PNG, overlay, class numbers, or pixels by class',
  query: querySchema,
  body: imageBody(),
  answers: { 304: UNCHANGED, 200: imageAnswer(segmentationSchema) },
  refusals: IMAGE_REFUSALS,
};

/** `POST /segment`: pictures in, label maps out. */
export function createSegmentRoute(deps: ImageRouteDeps): Route {
  const { limits, metrics } = deps;
  const handler = createImageRoute(deps, {
    formats: FORMATS,
    prepare: (request, pool) => {
      const query = parseQuery(querySchema, request);
      const { name: model, facts, sha256 } = findVictim(pool.models, query.model);
      return {
        asked: query.format,
        parameters: ['segment', model, sha256],
        work: async ({ name, bytes }, format, signal) => {
          const segmentation = await segmentPicture(pool, bytes, {
            model,
            renderings: format === 'json' ? [] : [format],
            what: name,
            maxPixels: limits.maxPixels,
            signal,
          });
          metrics.observePicture(model, segmentation.milliseconds);
          const start = performance.now();
          const png = format === 'json' ? undefined : await renderPng(format, segmentation);
          const encode = segmentation.milliseconds.encode + performance.now() - start;
          return {
            json: summarize(segmentation, facts),
            png,
            headers: { 'X-Segprobe-Model': model },
            milliseconds: { ...segmentation.milliseconds, encode },
          };
        },
      };
    },
  });
  return { handler, operation };
}
