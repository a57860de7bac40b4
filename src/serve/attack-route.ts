import type { RequestHandler } from 'express';
import { encodePicturePng } from '../data/encode-picture.js';
import { type AttackedPicture, attackPicture } from '../inference/attack-picture.js';
import { summarizeAttack } from '../inference/attack-summary.js';
import { encodeLabelPng } from '../inference/palette-png.js';
import type { InferencePool } from '../inference/pool.js';
import { RENDERINGS, renderPng } from '../inference/render.js';
import type { ModelFacts } from '../shared/manifest.js';
import { createImageRoute, type ImageRouteDeps } from './image-route.js';
import type { Metrics } from './metrics.js';
import { queriedMethod, queriedStrength, queriedVictim } from './queries.js';

const PICTURES = ['attacked', ...RENDERINGS] as const;

/** `POST /attack`: pictures in, attacked pictures and what they did out. */
export function createAttackRoute(
  deps: ImageRouteDeps & { readonly pool: InferencePool; readonly metrics: Metrics },
): RequestHandler {
  const { pool, limits, metrics } = deps;
  return createImageRoute(deps, {
    formats: { pictures: PICTURES, png: 'attacked' },
    prepare: (request) => {
      const { name: model, facts } = queriedVictim(pool, request);
      const method = queriedMethod(pool, request);
      const strength = queriedStrength(request);
      return async ({ name, bytes, label }, format, signal) => {
        const attacked = await attackPicture(pool, bytes, {
          ...{ model, method, strength, label, signal },
          overlay: format === 'overlay',
          what: name,
          maxPixels: limits.maxPixels,
        });
        metrics.observePicture(model, attacked.milliseconds);
        const start = performance.now();
        const summary = summarizeAttack(attacked, facts);
        const [png, labels] =
          format === 'json'
            ? [undefined, await encodeLabels(attacked)]
            : [await encode(format, attacked, facts), undefined];
        return {
          json: { ...summary, labels },
          png,
          headers: {
            'X-Segprobe-Model': model,
            'X-Segprobe-Method': method.name,
            'X-Segprobe-Flipped-Share': summary.flippedShare.toFixed(6),
          },
          milliseconds: { ...attacked.milliseconds, encode: performance.now() - start },
        };
      };
    },
  });
}

function encode(
  format: (typeof PICTURES)[number],
  { model, picture, after, milliseconds }: AttackedPicture,
  facts: ModelFacts,
): Promise<Buffer> {
  return format === 'attacked'
    ? encodePicturePng(picture)
    : renderPng(format, { ...after, model, milliseconds }, facts);
}

/** Both label maps as PNGs of class numbers, in base64. */
async function encodeLabels({
  before,
  after,
}: AttackedPicture): Promise<{ readonly before: string; readonly after: string }> {
  const [clean, changed] = await Promise.all(
    [before, after].map((found) => encodeLabelPng(found.labels, found)),
  );
  return { before: clean!.toString('base64'), after: changed!.toString('base64') };
}
