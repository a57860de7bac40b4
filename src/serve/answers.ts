import { z } from 'zod';
import { PROVIDERS } from '../inference/provider.js';
import { modelFactsShape } from '../shared/manifest.js';
import type { Answer, Content } from './route.js';

const share = z.number().min(0).max(1);
const color = z.tuple([z.int(), z.int(), z.int()]);
const milliseconds = z
  .record(z.string(), z.number())
  .describe(
    'Where the time went: decode, queue, inference, encode; cache, and nothing else, where it was answered before.',
  );

/** Bytes of a file. */
export function binary(type: string): z.ZodType {
  return z.string().meta({ format: 'binary', contentMediaType: type });
}

/** What `POST /segment` says of a picture. */
export const segmentationSchema = z
  .object({
    name: z.string().optional().describe('Where several pictures were sent.'),
    model: z.string(),
    width: z.int(),
    height: z.int(),
    classes: z
      .array(z.object({ name: z.string(), color, pixels: z.int(), share }))
      .describe('Every class of the model, in order; shares of all pixels.'),
    milliseconds,
  })
  .meta({ id: 'Segmentation' });

/** What `POST /attack` says of a picture. */
export const attackSchema = z
  .object({
    name: z.string().optional().describe('Where several pictures were sent.'),
    model: z.string(),
    method: z.string(),
    strength: share,
    width: z.int(),
    height: z.int(),
    l2: z.number().min(0),
    linf: share,
    psnrDb: z.number().nullable().describe('Null where nothing changed.'),
    ssim: z.number().nullable().describe('Null for a picture smaller than its window.'),
    flippedShare: share.describe('Of all pixels, those whose class changed.'),
    classes: z.array(
      z.object({
        name: z.string(),
        color,
        share,
        shareAttacked: share,
        flippedShare: share.nullable().describe('Null where the class was nowhere.'),
        iou: share.nullable().describe('Null without a label.'),
        iouAttacked: share.nullable(),
      }),
    ),
    miou: share.nullable(),
    miouAttacked: share.nullable(),
    pixelAccuracy: share.nullable(),
    pixelAccuracyAttacked: share.nullable(),
    labels: z
      .object({ before: z.base64(), after: z.base64() })
      .describe('Both label maps: PNGs of class numbers.'),
    milliseconds,
  })
  .meta({ id: 'Attack' });

const modelCard = z
  .looseObject({
    ...modelFactsShape,
    name: z.string(),
    file: z.looseObject({ name: z.string(), sha256: z.string(), bytes: z.int() }),
    default: z.boolean().describe('Taken where none is named.'),
    provider: z.enum(PROVIDERS).describe('What it runs on here.'),
  })
  .meta({ id: 'Model', description: 'A model and its card, NAME.json.' });

export const modelsSchema = z.object({ models: z.array(modelCard) });
export const attackersSchema = z.object({
  attackers: z.array(modelCard),
  controls: z
    .array(
      z.object({ name: z.string(), unit: z.string(), range: z.tuple([z.number(), z.number()]) }),
    )
    .describe('What changes pictures without knowing a victim.'),
});

const IMAGE_TYPES = ['image/jpeg', 'image/png', 'image/webp', 'image/avif', 'image/tiff'];

/**
 * What a request of pictures may send.
 * @param more - parts of the form beside the pictures.
 */
export function imageBody(more: z.ZodRawShape = {}): Content {
  const image = z.array(binary('image/*')).describe('One or many, in order.');
  return {
    'multipart/form-data': z.object({ image, ...more }),
    ...Object.fromEntries(IMAGE_TYPES.map((type) => [type, binary(type)])),
  };
}

/** What an answer to pictures looks like. */
export function imageAnswer(json: z.ZodType): Answer {
  return {
    description: 'A picture, JSON, or of several pictures a part each.',
    content: {
      'image/png': binary('image/png'),
      'application/json': z.union([json, z.object({ images: z.array(json) })]),
      'multipart/mixed': binary('multipart/mixed'),
    },
    headers: z.object({
      'Server-Timing': z.string().describe('Where the time went.'),
      ETag: z.string().describe('Of pictures and parameters; `If-None-Match` answers 304.'),
      'X-Segprobe-Cache': z.enum(['hit', 'miss']).describe('Whether the same was asked before.'),
      'X-Segprobe-Model': z.string().optional().describe('With a picture.'),
    }),
  };
}

/** Nothing, to a client that has the answer. */
export const UNCHANGED: Answer = { description: 'As `If-None-Match` has it.' };

/** JSON alone. */
export function jsonAnswer(description: string, schema: z.ZodType): Record<200, Answer> {
  return { 200: { description, content: { 'application/json': schema } } };
}
