import { z } from 'zod';
import { encodePicturePng } from '../data/encode-picture.js';
import { findMethod } from '../inference/attack-method.js';
import { type AttackedPicture, attackPicture } from '../inference/attack-picture.js';
import { findVictim } from '../inference/find-model.js';
import { summarizeAttack } from '../shared/attack-summary.js';
import { encodeLabelPng } from '../inference/palette-png.js';
import { renderPng } from '../inference/render.js';
import { RENDERINGS } from '../inference/rendering.js';
import { SegprobeError } from '../shared/errors.js';
import { formatParameter } from './answer-format.js';
import { attackSchema, binary, imageAnswer, imageBody, UNCHANGED } from './answers.js';
import { createImageRoute, IMAGE_REFUSALS, type ImageRouteDeps } from './image-route.js';
import { modelParameter, parseQuery, strengthParameter } from './queries.js';
import type { Operation, Route } from './route.js';

const PICTURES = ['attacked', ...RENDERINGS] as const;
const FORMATS = { pictures: PICTURES, png: 'attacked' } as const;

const querySchema = z.object({
  attacker: z
    .string()
    .optional()
    .describe('An attacker or a control of `/attackers`; the first attacker by name unless said.'),
  method: z.string().optional().describe('The same as `attacker`.'),
  strength: strengthParameter,
  model: modelParameter,
  format: formatParameter(FORMATS),
});

const operation: Operation = {
  tag: 'Pictures',
  summary:
    'Attack pictures: the attacked picture, what the victim says of it, or what the attack did in figures',
  query: querySchema,
  body: imageBody({
    label: z
      .array(binary('image/png'))
      .optional()
      .describe('PNGs of class numbers, one for each picture: IoU before and after.'),
  }),
  answers: { 304: UNCHANGED, 200: imageAnswer(attackSchema) },
  refusals: [...IMAGE_REFUSALS, 'LABEL_INVALID', 'SHAPE_MISMATCH'],
};

/** `POST /attack`: pictures in, attacked pictures and what they did out. */
export function createAttackRoute(deps: ImageRouteDeps): Route {
  const { limits, metrics } = deps;
  const handler = createImageRoute(deps, {
    formats: FORMATS,
    prepare: (request, pool) => {
      const query = parseQuery(querySchema, request);
      if (query.attacker !== undefined && query.method !== undefined) {
        throw new SegprobeError('INVALID_REQUEST', 'expected ?attacker= or ?method=, got both');
      }
      const { name: model, facts, sha256 } = findVictim(pool.models, query.model);
      const method = findMethod(pool.models, query.attacker ?? query.method);
      const attacker = pool.models.get(method.name);
      const { strength } = query;
      return {
        asked: query.format,
        parameters: ['attack', model, sha256, method.name, attacker?.sha256, strength],
        work: async ({ name, bytes, label }, format, signal) => {
          const attacked = await attackPicture(pool, bytes, {
            ...{ model, method, strength, label, signal },
            renderings: RENDERINGS.filter((wanted) => wanted === format),
            what: name,
            maxPixels: limits.maxPixels,
          });
          metrics.observePicture(model, attacked.milliseconds);
          const start = performance.now();
          const summary = summarizeAttack(attacked, facts);
          const [png, labels] =
            format === 'json'
              ? [undefined, await encodeLabels(attacked)]
              : [await encode(format, attacked), undefined];
          return {
            json: { ...summary, labels },
            png,
            headers: {
              'X-Segprobe-Model': model,
              'X-Segprobe-Method': method.name,
              'X-Segprobe-Flipped-Share': summary.flippedShare.toFixed(6),
            },
            milliseconds: {
              ...attacked.milliseconds,
              encode: attacked.milliseconds.encode + performance.now() - start,
            },
          };
        },
      };
    },
  });
  return { handler, operation };
}

function encode(
  format: (typeof PICTURES)[number],
  { picture, after }: AttackedPicture,
): Promise<Uint8Array> {
  return format === 'attacked' ? encodePicturePng(picture) : renderPng(format, after);
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
