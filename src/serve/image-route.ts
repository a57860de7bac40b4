import type { Request, RequestHandler, Response } from 'express';
import type { InferencePool } from '../inference/pool.js';
import type { ReloadablePool } from '../inference/reloadable-pool.js';
import type { ErrorCode } from '../shared/errors.js';
import type { Gate } from '../inference/gate.js';
import { type AnswerFormats, chooseFormat } from './answer-format.js';
import {
  type AnswerCache,
  answerKey,
  entityTag,
  type ImageAnswer,
  isKnown,
} from './answer-cache.js';
import type { Metrics } from './metrics.js';
import { clientOf } from './auth.js';
import type { Limits } from './limits.js';
import type { ByteBudget } from './read-body.js';
import { encodeParts } from './parts.js';
import { assertImageBody, readImages, type SentImage } from './read-images.js';

export interface ImageRouteDeps {
  readonly pool: ReloadablePool;
  /** Lets a few requests be worked on and some wait. */
  readonly gate: Gate;
  readonly cache: AnswerCache;
  readonly metrics: Metrics;
  readonly limits: Limits;
  readonly budget: ByteBudget;
}

/** What a route does with pictures. */
export interface ImageWork<Picture extends string> {
  readonly formats: AnswerFormats<Picture>;
  /**
   * Reads what the request asks for, before its body is read.
   * @returns what is done with each picture, `?format=`, and all that an answer depends on besides these and the picture.
   * @throws SegprobeError for a query that makes no sense.
   */
  readonly prepare: (
    request: Request,
    pool: InferencePool,
  ) => {
    readonly asked: string | undefined;
    readonly parameters: readonly unknown[];
    readonly work: (
      image: SentImage,
      format: Picture | 'json',
      signal: AbortSignal,
    ) => Promise<ImageAnswer>;
  };
}

/** What a route of pictures may refuse with. */
export const IMAGE_REFUSALS = [
  'IMAGE_EMPTY',
  'IMAGE_UNSUPPORTED',
  'IMAGE_UNREADABLE',
  'IMAGE_TOO_LARGE',
  'IMAGE_TOO_SMALL',
  'MODEL_NOT_FOUND',
  'NOT_ACCEPTABLE',
  'BODY_TOO_LARGE',
  'UNSUPPORTED_MEDIA_TYPE',
  'QUEUE_FULL',
] as const satisfies readonly ErrorCode[];

/** Answers one or many pictures, each: as a PNG, or as JSON. */
export function createImageRoute<Picture extends string>(
  deps: ImageRouteDeps,
  { formats, prepare }: ImageWork<Picture>,
): RequestHandler {
  return async (request, response) => {
    // All that the headers tell comes before the body, and so does a refusal of a full queue.
    const { asked, parameters, work } = prepare(request, borrowFor(response, deps.pool));
    assertImageBody(request);
    chooseFormat(request, asked, 1, formats);
    const client = clientOf(request);
    deps.gate.assertRoom(client);
    const signal = signalOf(response);
    const images = await readImages(request, response, deps);
    const { format, isInParts } = chooseFormat(request, asked, images.length, formats);

    const keys = images.map((image) => answerKey(image, [...parameters, format]));
    const tag = entityTag(keys, isInParts);
    if (isKnown(request.get('if-none-match'), tag)) {
      response.status(304).set('ETag', tag).end();
      return;
    }
    const answers = keys.map((key) => recall(key, deps));
    const isCached = !answers.includes(undefined);
    if (!isCached) {
      await deps.gate.run(
        async () => {
          for (const [i, image] of images.entries()) {
            answers[i] ??= await work(image, format, signal);
            deps.cache.set(keys[i]!, answers[i]);
          }
        },
        signal,
        client,
      );
    }
    const found = answers as ImageAnswer[];
    response.vary('Accept').set({
      ETag: tag,
      'Server-Timing': timingOf(found),
      'X-Segprobe-Cache': isCached ? 'hit' : 'miss',
    });
    if (format === 'json') sendJson(response, images, found);
    else if (isInParts) sendParts(response, images, found);
    else sendPicture(response, found[0]!);
  };
}

/** What was answered to the same before; this time nothing took time but looking. */
function recall(key: string, { cache, metrics }: ImageRouteDeps): ImageAnswer | undefined {
  const start = performance.now();
  const answer = cache.get(key);
  metrics.countRecall(answer !== undefined);
  if (answer === undefined) return undefined;
  const none = Object.keys(answer.milliseconds).map((name) => [name, 0] as const);
  const milliseconds = { ...Object.fromEntries(none), cache: performance.now() - start };
  return { ...answer, milliseconds };
}

/** The models that serve now, for all of a request, even if others come meanwhile. */
export function borrowFor(response: Response, pool: ReloadablePool): InferencePool {
  const borrowed = pool.borrow();
  response.once('close', borrowed.giveBack);
  return borrowed.pool;
}

function sendJson(
  response: Response,
  images: readonly SentImage[],
  answers: readonly ImageAnswer[],
): void {
  const results = answers.map(({ json, milliseconds }, i) => ({
    ...(answers.length > 1 && { name: images[i]!.name }),
    ...json,
    milliseconds: rounded(milliseconds),
  }));
  response.json(results.length === 1 ? results[0] : { images: results });
}

function sendPicture(response: Response, { png, headers }: ImageAnswer): void {
  // Not send, which would digest the whole picture for an ETag that nobody can use.
  response.set(headers).type('image/png').set('Content-Length', String(png!.length)).end(png);
}

function sendParts(
  response: Response,
  images: readonly SentImage[],
  answers: readonly ImageAnswer[],
): void {
  const parts = answers.map(({ png, headers }, i) => ({
    headers: {
      'Content-Type': 'image/png',
      'Content-Disposition': `attachment; filename="${fileNameOf(images[i]!.name)}.png"`,
      ...headers,
    },
    bytes: png!,
  }));
  const { type, bytes } = encodeParts(parts);
  response.set({ 'Content-Type': type, 'Content-Length': String(bytes.length) }).end(bytes);
}

/** A picture's name without its ending, and without what a header cannot hold. */
function fileNameOf(name: string): string {
  return name.replace(/\.\w{1,5}$/, '').replace(/[^\w .-]/g, '_');
}

/** For all pictures together. */
function timingOf(answers: readonly ImageAnswer[]): string {
  const sums: Record<string, number> = {};
  for (const { milliseconds } of answers) {
    for (const [name, ms] of Object.entries(milliseconds)) sums[name] = (sums[name] ?? 0) + ms;
  }
  const timing = Object.entries(rounded(sums));
  return timing.map(([name, ms]) => `${name};dur=${ms}`).join(', ');
}

function rounded(milliseconds: ImageAnswer['milliseconds']): Record<string, number> {
  return Object.fromEntries(
    Object.entries(milliseconds).map(([name, ms]) => [name, Math.round(ms * 100) / 100]),
  );
}

/** Aborts when the client goes before its answer. */
export function signalOf(response: Response): AbortSignal {
  const abort = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) abort.abort(new Error('the client left'));
  });
  return abort.signal;
}
