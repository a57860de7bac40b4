import type { ErrorRequestHandler, Request, Response } from 'express';
import { SegprobeError, isSegprobeError } from '../shared/errors.js';
import { HTTP_STATUS, INTERNAL_CODE } from './http-status.js';
import type { Problem } from './problem.js';

const RETRY_AFTER_SECONDS = 1;

/** Answers any error as `application/problem+json`. Comes last in the app. */
export const errorHandler: ErrorRequestHandler = (error: unknown, request, response, next) => {
  const refusal = toRefusal(error);
  if (refusal === undefined)
    response.err = error instanceof Error ? error : new Error(String(error));
  if (response.headersSent) {
    next(error);
    return;
  }
  sendProblem(request, response, refusal);
};

function sendProblem(
  request: Request,
  response: Response,
  refusal: SegprobeError | undefined,
): void {
  const about = { instance: request.path, requestId: request.id as string };
  const problem = toProblem(refusal, about);
  const { status } = problem;
  response.locals['code'] = problem.code; // For the metrics.
  if (status === 503) response.set('Retry-After', String(RETRY_AFTER_SECONDS));
  if (status === 401) response.set('WWW-Authenticate', 'Bearer');
  if (status === 500 && refusal !== undefined) response.err = refusal;
  // As bytes, or Express adds a charset, which the type does not have.
  response.status(status).setHeader('Content-Type', 'application/problem+json');
  response.send(Buffer.from(JSON.stringify(problem)));
}

/**
 * Says a refusal as clients see it.
 * @param refusal - undefined for a fault of segprobe itself.
 */
export function toProblem(
  refusal: SegprobeError | undefined,
  { instance, requestId }: Pick<Problem, 'instance' | 'requestId'>,
): Problem {
  const status = refusal === undefined ? 500 : HTTP_STATUS[refusal.code];
  const code = refusal?.code ?? INTERNAL_CODE;
  const detail =
    refusal === undefined || status === 500
      ? 'The service failed. Its log says more, under this requestId.'
      : refusal.message;
  return {
    type: `urn:segprobe:error:${code}`,
    title: titleOf(code),
    status,
    detail,
    instance,
    code,
    requestId,
    // What clients of the Open Inference Protocol read.
    ...(instance.startsWith('/v2/') && { error: detail }),
  };
}

/** The error as one of ours; undefined for a fault of segprobe itself. */
function toRefusal(error: unknown): SegprobeError | undefined {
  if (isSegprobeError(error)) return error;
  // What Express itself refuses, such as a path that is no UTF-8.
  const { status } = error as { readonly status?: unknown };
  if (!(error instanceof Error) || typeof status !== 'number' || status < 400 || status >= 500) {
    return undefined;
  }
  return new SegprobeError('INVALID_REQUEST', error.message, { cause: error });
}

/** `IMAGE_TOO_LARGE` → "Image too large". */
function titleOf(code: string): string {
  const words = code.toLowerCase().replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}
