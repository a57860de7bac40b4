import { z } from 'zod';
import { SPLITS } from '../../data/dataset.js';
import { binary } from '../answers.js';
import type { Content } from '../route.js';

/** The states of an evaluation, in BullMQ's words; the last three are for good. */
export const EVALUATION_STATES = ['waiting', 'active', 'completed', 'failed', 'cancelled'] as const;

const name = z.string().min(1).max(200);
const limit = z.int().positive().max(1_000_000);
const victim = name.describe('A victim of `/models`.');
const attacker = name.describe('An attacker of `/attackers`; none for clean pictures alone.');
const share = z.number().min(0).max(1).nullable();
const time = z.int().describe('Milliseconds since 1970.');

/** The body of `POST /evaluations` on a configured data set. */
export const evaluationRequestSchema = z
  .strictObject({
    dataset: name.describe('A data set of `/datasets`.'),
    split: z.enum(SPLITS),
    victim,
    attacker: attacker.nullish(),
    limit: limit.nullish().describe("How many of the split's first scenes; all without."),
  })
  .meta({ id: 'EvaluationRequest' });

/** What goes beside uploaded pictures: in the query, or in the form's own fields. */
export const uploadRequestSchema = z.strictObject({
  victim,
  attacker: attacker.optional(),
  split: z
    .enum(SPLITS)
    .default('val')
    .describe(
      'Which subfolders of the upload, where it has such; else what its pictures are called.',
    ),
  limit: z
    .string()
    .regex(/^[1-9]\d*$/, 'expected a whole number above 0')
    .transform(Number)
    .pipe(limit)
    .optional(),
});

/** The query of `GET /evaluations`. */
export const listQuerySchema = z.strictObject({
  limit: z
    .string()
    .regex(/^[1-9]\d{0,2}$/, 'expected a whole number from 1 to 999')
    .transform(Number)
    .default(50)
    .describe('How many at most.'),
  before: name
    .optional()
    .describe('Only those asked for before this one, by its id: the next page.'),
  state: z.enum(EVALUATION_STATES).optional(),
});

/** The query of `GET /evaluations/:id/faults`. */
export const faultsQuerySchema = z.strictObject({
  limit: z
    .string()
    .regex(/^(1000|[1-9]\d{0,2})$/, 'expected a whole number from 1 to 1000')
    .transform(Number)
    .default(100)
    .describe('How many of the scenes that were evaluated, at most.'),
});

export const idParams = z.object({ id: z.string() });

export const submitHeaders = z.object({
  'Idempotency-Key': z
    .string()
    .optional()
    .describe('The same key and request again, within a day, is the same evaluation.'),
});

/** What `POST /evaluations` takes. */
export const SUBMIT_BODY: Content = {
  'application/json': evaluationRequestSchema,
  'application/zip': binary('application/zip').describe(
    '`images/` and `labels/`, each perhaps with subfolders train, val, test, and perhaps `classes.json`; `victim` and what else stands in the query.',
  ),
  'multipart/form-data': uploadRequestSchema.partial().extend({
    archive: binary('application/zip').optional(),
    image: z.array(binary('image/*')).optional(),
    label: z.array(binary('image/png')).optional().describe('One for each image, in order.'),
  }),
};

const figures = z.object({
  miou: share,
  miouAttacked: share,
});

/** What `segprobe evaluate --json` prints. */
export const resultSchema = figures
  .extend({
    images: z.int(),
    classes: z.array(
      z.object({
        name: z.string(),
        iou: share,
        iouAttacked: share,
        accuracy: share,
        accuracyAttacked: share,
        pixels: z.number(),
      }),
    ),
    pixelAccuracy: share,
    pixelAccuracyAttacked: share,
    classAccuracy: share,
    classAccuracyAttacked: share,
    imageMiou: share,
    imageMiouAttacked: share,
    flippedShare: share,
    psnrDb: z.number().nullable(),
    ssim: z.number().nullable(),
    l2: z.number().nullable(),
    linf: share,
    imagesPerSecond: z.number(),
    victim: z.string(),
    attacker: z.string().nullable(),
    dataset: z.string(),
    split: z.string(),
  })
  .meta({ id: 'EvaluationResult', description: 'As of `segprobe evaluate --json`.' });

const common = z.object({
  id: z.string(),
  state: z.enum(EVALUATION_STATES),
  dataset: z.string(),
  split: z.enum(SPLITS),
  victim: z.string(),
  attacker: z.string().nullable(),
  limit: z.int().nullable(),
  progress: z.object({ done: z.int(), total: z.int() }).describe('Scenes.'),
  timestamp: time,
  processedOn: time.nullable(),
  finishedOn: time.nullable(),
  failedReason: z.string().nullable(),
  failedCode: z.string().nullable(),
});

/** An evaluation. */
export const evaluationSchema = common
  .extend({ result: resultSchema.nullable() })
  .meta({ id: 'Evaluation' });

/** A page of evaluations. */
export const listSchema = z.object({
  evaluations: z.array(common.extend(figures.shape)),
  next: z.string().nullable().describe('Where the next page is; null on the last one.'),
});

export const datasetsSchema = z.object({
  datasets: z.array(
    z.object({
      name: z.string(),
      layout: z.string(),
      splits: z.array(z.object({ split: z.enum(SPLITS), scenes: z.int() })),
      classes: z.array(z.string()),
    }),
  ),
});
