import type { ErrorRequestHandler, Request, Response } from 'express';
import { SegprobeError, isSegprobeError } from '../shared/errors.js';
import type { ErrorCode } from '../shared/errors.js';

/** The one place where errors meet HTTP. */
const HTTP_STATUS = {
  FILE_NOT_FOUND: 404,
  FILE_INVALID: 422,
  DISK_FULL: 507,
  DATASET_INVALID: 422,
  LABEL_INVALID: 422,
  IMAGE_EMPTY: 400,
  IMAGE_UNSUPPORTED: 415,
  IMAGE_UNREADABLE: 400,
  IMAGE_TOO_LARGE: 413,
  IMAGE_TOO_SMALL: 422,
  SHAPE_MISMATCH: 422,
  GRAPH_UNSUPPORTED: 500,
  MODEL_INVALID: 500,
  MODEL_NOT_FOUND: 404,
  EXPORT_UNSUPPORTED: 500,
  CHECKPOINT_NOT_FOUND: 404,
  CHECKPOINT_INVALID: 500,
  CHECKPOINT_EXISTS: 409,
  RUN_IN_PROGRESS: 409,
  TRAINING_DIVERGED: 500,
  BUDGET_EXCEEDED: 500,
  BACKEND_UNAVAILABLE: 503,
  USAGE: 400,
  INVALID_REQUEST: 400,
  UNAUTHORIZED: 401,
  RATE_LIMITED: 429,
  NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  NOT_ACCEPTABLE: 406,
  BODY_TOO_LARGE: 413,
  UNSUPPORTED_MEDIA_TYPE: 415,
  QUEUE_FULL: 503,
  SHUTTING_DOWN: 503,
  ADDRESS_UNAVAILABLE: 500,
  /** The client has gone (nginx's number): nobody reads it. */
  CANCELLED: 499,
  DATASET_NOT_FOUND: 404,
  EVALUATION_NOT_FOUND: 404,
  /** It has no report before its end. */
  EVALUATION_UNFINISHED: 409,
  /** It cannot be cancelled after its end. */
  EVALUATION_FINISHED: 409,
  IDEMPOTENCY_KEY_REUSED: 422,
  ARCHIVE_INVALID: 422,
  UPLOAD_UNSUPPORTED: 422,
  STORE_IN_USE: 503,
} as const satisfies Record<ErrorCode, number>;

/** The code of a fault of segprobe itself; what it was stands in the log, by the request's id. */
const INTERNAL_CODE = 'INTERNAL';
const RETRY_AFTER_SECONDS = 1;

/** An error as the client sees it. @see https://www.rfc-editor.org/rfc/rfc9457 */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  /** The path that was asked for. */
  readonly instance: string;
  readonly code: ErrorCode | typeof INTERNAL_CODE;
  readonly requestId: string;
  /** The detail again, under `/v2`. */
  readonly error?: string;
}

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
  const status = refusal === undefined ? 500 : HTTP_STATUS[refusal.code];
  const code = refusal?.code ?? INTERNAL_CODE;
  response.locals['code'] = code; // For the metrics.
  const detail =
    refusal === undefined || status === 500
      ? 'The service failed. Its log says more, under this requestId.'
      : refusal.message;
  const problem: Problem = {
    type: `urn:segprobe:error:${code}`,
    title: titleOf(code),
    status,
    detail,
    instance: request.path,
    code,
    requestId: request.id as string,
    // What clients of the Open Inference Protocol read.
    ...(request.path.startsWith('/v2/') && { error: detail }),
  };
  if (status === 503) response.set('Retry-After', String(RETRY_AFTER_SECONDS));
  if (status === 401) response.set('WWW-Authenticate', 'Bearer');
  if (status === 500 && refusal !== undefined) response.err = refusal;
  // As bytes, or Express adds a charset, which the type does not have.
  response.status(status).setHeader('Content-Type', 'application/problem+json');
  response.send(Buffer.from(JSON.stringify(problem)));
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
