import { createHash } from 'node:crypto';
import { mkdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Request, Response } from 'express';
import { z } from 'zod';
import type { Split } from '../../data/dataset.js';
import { findVictim } from '../../inference/find-model.js';
import { SegprobeError, messageOf } from '../../shared/errors.js';
import { assertDeclaredLength, assertNotEncoded, readBody } from '../read-body.js';
import type { ByteBudget } from '../read-body.js';
import type { Route } from '../route.js';
import type { Evaluations } from './evaluations.js';
import { createEvaluationId, toJson, UPLOAD } from './evaluation.js';
import { idempotencyKey, parseSent } from './parse.js';
import { makePlan } from './resources.js';
import {
  evaluationRequestSchema,
  evaluationSchema,
  SUBMIT_BODY,
  submitHeaders,
  uploadRequestSchema,
} from './schemas.js';
import { ARCHIVE, receiveArchive, receiveForm } from './upload/receive.js';
import { unpackArchive } from './upload/unpack-archive.js';
import type { Incoming, Uploads } from './upload/uploads.js';
import { writeVictimClasses } from './upload/write-classes.js';

const MAX_JSON_BYTES = 64 * 1024;
const ZIP = ['application/zip', 'application/x-zip-compressed'];
const FORM = 'multipart/form-data';

/** `POST /evaluations`: takes an evaluation in, of a configured data set or of pictures that come along. */
export function createSubmitRoute(evaluations: Evaluations, budget: ByteBudget): Route {
  return {
    operation: {
      tag: 'Evaluations',
      summary: 'Evaluate a data set, or pictures and labels that come along',
      headers: submitHeaders,
      query: uploadRequestSchema.partial().describe('Of a zip.'),
      body: SUBMIT_BODY,
      answers: {
        202: {
          description: 'It waits',
          content: { 'application/json': evaluationSchema },
          headers: z.object({ Location: z.string() }),
        },
      },
      refusals: [
        ...(['UNSUPPORTED_MEDIA_TYPE', 'BODY_TOO_LARGE', 'QUEUE_FULL'] as const),
        ...(['MODEL_NOT_FOUND', 'DATASET_NOT_FOUND', 'FILE_NOT_FOUND'] as const),
        ...(['DATASET_INVALID', 'LABEL_INVALID', 'ARCHIVE_INVALID', 'UPLOAD_UNSUPPORTED'] as const),
        ...(['IDEMPOTENCY_KEY_REUSED', 'BACKEND_UNAVAILABLE', 'DISK_FULL'] as const),
      ],
    },
    handler: async (request, response) => {
      const key = idempotencyKey(request);
      assertNotEncoded(request);
      if (request.is('application/json')) {
        await takeConfigured(request, response, { evaluations, budget, key });
      } else if (request.is([...ZIP, FORM])) {
        await takeUpload(request, response, evaluations, key);
      } else {
        throw new SegprobeError(
          'UNSUPPORTED_MEDIA_TYPE',
          `expected Content-Type application/json, application/zip or ${FORM}, got ${request.get('content-type') ?? 'none'}`,
        );
      }
    },
  };
}

async function takeConfigured(
  request: Request,
  response: Response,
  own: {
    readonly evaluations: Evaluations;
    readonly budget: ByteBudget;
    readonly key: string | undefined;
  },
): Promise<void> {
  const { evaluations, budget, key } = own;
  const body = await readBody(request, response, { maxBodyBytes: MAX_JSON_BYTES, budget });
  const asked = parseSent(evaluationRequestSchema, parseJson(body));
  const choice = { ...asked, attacker: asked.attacker ?? null, limit: asked.limit ?? null };
  const plan = await makePlan(choice, evaluations.resources);
  const id = createEvaluationId();
  await take(response, evaluations, { id, plan, key, fingerprint: fingerprintOf(choice) });
}

async function takeUpload(
  request: Request,
  response: Response,
  evaluations: Evaluations,
  key: string | undefined,
): Promise<void> {
  const { uploads, uploadLimits, resources } = evaluations;
  assertDeclaredLength(request, uploadLimits.maxBytes);
  const isForm = request.is(FORM) !== false;
  // All that the headers tell comes before the body.
  if (!isForm) parseSent(uploadRequestSchema, request.query);
  const incoming = await assertUploads(uploads).begin();
  try {
    const receive = isForm ? receiveForm : receiveArchive;
    const { fields, kind, digest } = await receive(request, incoming.folder, uploadLimits);
    const {
      victim,
      attacker = null,
      split,
      limit = null,
    } = parseSent(uploadRequestSchema, isForm ? { ...request.query, ...fields } : request.query);
    const choice = { dataset: UPLOAD, split, victim, attacker, limit };
    const { facts } = findVictim(resources.models(), victim);
    const hasClasses = kind === 'archive' && (await unpack(incoming, evaluations, choice));
    if (kind === 'pictures') await moveToSplit(incoming, split);
    if (!hasClasses) await writeVictimClasses(incoming.folder, facts);
    const plan = await makePlan(choice, resources, incoming.folder);
    const id = createEvaluationId();
    await incoming.keepAs(id);
    const fingerprint = fingerprintOf({ ...choice, digest });
    try {
      if ((await take(response, evaluations, { id, plan, key, fingerprint })) !== id) {
        await uploads!.remove(id);
      }
    } catch (error) {
      await uploads!.remove(id);
      throw error;
    }
  } finally {
    await incoming.end();
  }
}

async function unpack(
  { folder }: Incoming,
  { uploadLimits: limits }: Evaluations,
  { split }: { readonly split: Split },
): Promise<boolean> {
  const archive = path.join(folder, ARCHIVE);
  const { hasClasses } = await unpackArchive(archive, folder, { split, limits });
  await rm(archive);
  return hasClasses;
}

/** Received pictures are all of one split, which is known when the whole form is. */
async function moveToSplit({ folder }: Incoming, split: Split): Promise<void> {
  for (const kind of ['images', 'labels']) {
    const [own, aside] = [path.join(folder, kind), path.join(folder, 'received')];
    await rename(own, aside);
    await mkdir(own);
    await rename(aside, path.join(own, split));
  }
}

/** @returns the evaluation's id: an earlier one's where the client asks again. */
async function take(
  response: Response,
  { store }: Evaluations,
  {
    id: own,
    plan,
    key,
    fingerprint,
  }: {
    readonly id: string;
    readonly plan: Awaited<ReturnType<typeof makePlan>>;
    readonly key: string | undefined;
    readonly fingerprint: string;
  },
): Promise<string> {
  const idempotency = key === undefined ? undefined : { key, fingerprint };
  const id = await store.create({ id: own, timestamp: Date.now(), plan, idempotency });
  const evaluation = await store.find(id);
  response.status(202).set('Location', `/evaluations/${id}`).json(toJson(evaluation!));
  return id;
}

function assertUploads(uploads: Uploads | null): Uploads {
  if (uploads !== null) return uploads;
  throw new SegprobeError(
    'UPLOAD_UNSUPPORTED',
    'expected an evaluation of a configured data set: this service has no folder of uploads that its workers share (--uploads)',
  );
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch (cause) {
    throw new SegprobeError('INVALID_REQUEST', `expected JSON, got ${messageOf(cause)}`, { cause });
  }
}

function fingerprintOf(request: object): string {
  return createHash('sha256').update(JSON.stringify(request)).digest('hex');
}
