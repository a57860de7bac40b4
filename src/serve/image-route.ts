import type { Request, RequestHandler, Response } from 'express';
import type { Gate } from '../inference/gate.js';
import { type AnswerFormats, chooseFormat } from './answer-format.js';
import { clientOf } from './auth.js';
import type { Limits } from './limits.js';
import type { ByteBudget } from './read-body.js';
import { assertImageBody, readImages, type SentImage } from './read-images.js';

export interface ImageRouteDeps {
  /** Lets a few requests be worked on and some wait. */
  readonly gate: Gate;
  readonly limits: Limits;
  readonly budget: ByteBudget;
}

/** One picture's answer. */
export interface ImageAnswer {
  /** As JSON; times come beside it. */
  readonly json: object;
  /** The picture, unless JSON was asked for, and headers that say about it what JSON would. */
  readonly png?: Buffer | undefined;
  readonly headers: Readonly<Record<string, string>>;
  /** Where the time went. */
  readonly milliseconds: Readonly<Record<string, number>>;
}

/** What a route does with pictures. */
export interface ImageWork<Picture extends string> {
  readonly formats: AnswerFormats<Picture>;
  /**
   * Reads what the request asks for, before its body is read.
   * @returns what is done with each picture.
   * @throws SegprobeError for a query that makes no sense.
   */
  readonly prepare: (
    request: Request,
  ) => (image: SentImage, format: Picture | 'json', signal: AbortSignal) => Promise<ImageAnswer>;
}

/** A route that takes one or many pictures and answers each: a PNG, or JSON. */
export function createImageRoute<Picture extends string>(
  deps: ImageRouteDeps,
  { formats, prepare }: ImageWork<Picture>,
): RequestHandler {
  return async (request, response) => {
    // All that the headers tell comes before the body.
    const work = prepare(request);
    assertImageBody(request);
    chooseFormat(request, 1, formats);
    const signal = signalOf(response);
    const images = await readImages(request, response, deps);
    const format = chooseFormat(request, images.length, formats);
    const answers = await deps.gate.run(
      async () => {
        const done: ImageAnswer[] = [];
        for (const image of images) done.push(await work(image, format, signal));
        return done;
      },
      signal,
      clientOf(request),
    );
    send(response, images, answers);
  };
}

function send(
  response: Response,
  images: readonly SentImage[],
  answers: readonly ImageAnswer[],
): void {
  const [first] = answers;
  response.vary('Accept');
  if (first?.png !== undefined) {
    const timing = Object.entries(rounded(first.milliseconds));
    response.set({
      'Server-Timing': timing.map(([name, ms]) => `${name};dur=${ms}`).join(', '),
      ...first.headers,
    });
    // Not send, which would digest the whole picture for an ETag that nobody can use.
    response.type('image/png').set('Content-Length', String(first.png.length)).end(first.png);
    return;
  }
  const results = answers.map(({ json, milliseconds }, i) => ({
    ...(answers.length > 1 && { name: images[i]!.name }),
    ...json,
    milliseconds: rounded(milliseconds),
  }));
  response.json(results.length === 1 ? results[0] : { images: results });
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
