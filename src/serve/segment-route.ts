import type { RequestHandler } from 'express';
import type { InferencePool } from '../inference/pool.js';
import { RENDERINGS, renderPng, summarize } from '../inference/render.js';
import { segmentPicture } from '../inference/segment-picture.js';
import { createImageRoute, type ImageRouteDeps } from './image-route.js';
import type { Metrics } from './metrics.js';
import { queriedVictim } from './queries.js';

/** `POST /segment`: pictures in, label maps out. */
export function createSegmentRoute(
  deps: ImageRouteDeps & { readonly pool: InferencePool; readonly metrics: Metrics },
): RequestHandler {
  const { pool, limits, metrics } = deps;
  return createImageRoute(deps, {
    formats: { pictures: RENDERINGS, png: 'mask' },
    prepare: (request) => {
      const { name: model, facts } = queriedVictim(pool, request);
      return async ({ name, bytes }, format, signal) => {
        const segmentation = await segmentPicture(pool, bytes, {
          model,
          overlay: format === 'overlay',
          what: name,
          maxPixels: limits.maxPixels,
          signal,
        });
        metrics.observePicture(model, segmentation.milliseconds);
        const start = performance.now();
        const png = format === 'json' ? undefined : await renderPng(format, segmentation, facts);
        const encode = performance.now() - start;
        return {
          json: summarize(segmentation, facts),
          png,
          headers: { 'X-Segprobe-Model': model },
          milliseconds: { ...segmentation.milliseconds, encode },
        };
      };
    },
  });
}
