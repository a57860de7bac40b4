import type { RequestHandler, Response } from 'express';
import type { Gate } from '../inference/gate.js';
import { findVictim } from '../inference/find-model.js';
import type { InferencePool } from '../inference/pool.js';
import { renderPng, summarize } from '../inference/render.js';
import type { SegmentationSummary } from '../inference/render.js';
import { segmentPicture } from '../inference/segment-picture.js';
import { SegprobeError } from '../shared/errors.js';
import type { ModelFacts } from '../shared/manifest.js';
import { chooseFormat } from './answer-format.js';
import type { AnswerFormat } from './answer-format.js';
import type { Limits } from './limits.js';
import type { ByteBudget } from './read-body.js';
import { assertImageBody, readImages } from './read-images.js';
import type { SentImage } from './read-images.js';

export interface SegmentRouteDeps {
  readonly pool: InferencePool;
  /** Lets a few requests be worked on and some wait. */
  readonly gate: Gate;
  readonly limits: Limits;
  readonly budget: ByteBudget;
}

/** Where the time of a picture went. */
type Milliseconds = Readonly<Record<'decode' | 'queue' | 'inference' | 'encode', number>>;

/** One picture's answer. */
interface Answer {
  readonly summary: SegmentationSummary;
  readonly png?: Buffer;
  readonly milliseconds: Milliseconds;
}

/** `POST /segment`: pictures in, label maps out. */
export function createSegmentRoute(deps: SegmentRouteDeps): RequestHandler {
  const { pool, gate, limits } = deps;
  return async (request, response) => {
    // All that the headers tell comes before the body.
    const { model, facts } = queriedVictim(pool, request.query['model']);
    assertImageBody(request);
    chooseFormat(request, 1);
    const signal = signalOf(response);
    const images = await readImages(request, response, deps);
    const format = chooseFormat(request, images.length);
    const answers = await gate.run(async () => {
      const done: Answer[] = [];
      for (const image of images) {
        done.push(await answer(pool, image, { model, facts, format, signal, limits }));
      }
      return done;
    }, signal);
    send(response, images, answers);
  };
}

function queriedVictim(
  pool: InferencePool,
  asked: unknown,
): { readonly model: string; readonly facts: ModelFacts } {
  if (asked !== undefined && typeof asked !== 'string') {
    throw new SegprobeError('INVALID_REQUEST', 'expected one model, got several');
  }
  const { name, facts } = findVictim(pool.models, asked);
  return { model: name, facts };
}

async function answer(
  pool: InferencePool,
  { name, bytes }: SentImage,
  options: {
    readonly model: string;
    readonly facts: ModelFacts;
    readonly format: AnswerFormat;
    readonly signal: AbortSignal;
    readonly limits: Limits;
  },
): Promise<Answer> {
  const { model, facts, format, signal, limits } = options;
  const segmentation = await segmentPicture(pool, bytes, {
    model,
    overlay: format === 'overlay',
    what: name,
    maxPixels: limits.maxPixels,
    signal,
  });
  const start = performance.now();
  const png = format === 'json' ? undefined : await renderPng(format, segmentation, facts);
  const encode = performance.now() - start;
  return {
    summary: summarize(segmentation, facts),
    ...(png && { png }),
    milliseconds: { ...segmentation.milliseconds, encode },
  };
}

function send(response: Response, images: readonly SentImage[], answers: readonly Answer[]): void {
  const [first] = answers;
  response.vary('Accept');
  if (first?.png !== undefined) {
    const timing = Object.entries(rounded(first.milliseconds));
    response.set({
      'Server-Timing': timing.map(([name, ms]) => `${name};dur=${ms}`).join(', '),
      'X-Segprobe-Model': first.summary.model,
    });
    // Not send, which would digest the whole picture for an ETag that nobody can use.
    response.type('image/png').set('Content-Length', String(first.png.length)).end(first.png);
    return;
  }
  const results = answers.map(({ summary, milliseconds }, i) => ({
    ...(answers.length > 1 && { name: images[i]!.name }),
    ...summary,
    milliseconds: rounded(milliseconds),
  }));
  response.json(results.length === 1 ? results[0] : { images: results });
}

function rounded(milliseconds: Milliseconds): Record<string, number> {
  return Object.fromEntries(
    Object.entries(milliseconds).map(([name, ms]) => [name, Math.round(ms * 100) / 100]),
  );
}

/** Aborts when the client goes before its answer. */
function signalOf(response: Response): AbortSignal {
  const abort = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) abort.abort(new Error('the client left'));
  });
  return abort.signal;
}
