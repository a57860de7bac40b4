/** Every way segprobe refuses, by a stable code: programs match on it, people read the message. */
export const ERROR_CODES = [
  // Files and data sets
  'FILE_NOT_FOUND',
  'FILE_INVALID',
  'DISK_FULL',
  'DATASET_INVALID',
  'LABEL_INVALID',
  // Pictures
  'IMAGE_EMPTY',
  'IMAGE_UNSUPPORTED',
  'IMAGE_UNREADABLE',
  'IMAGE_TOO_LARGE',
  'IMAGE_TOO_SMALL',
  // Tensors, graphs, models
  'SHAPE_MISMATCH',
  'GRAPH_UNSUPPORTED',
  'MODEL_INVALID',
  'MODEL_NOT_FOUND',
  'EXPORT_UNSUPPORTED',
  // Training runs and checkpoints
  'CHECKPOINT_NOT_FOUND',
  'CHECKPOINT_INVALID',
  'CHECKPOINT_EXISTS',
  'RUN_IN_PROGRESS',
  'TRAINING_DIVERGED',
  'BUDGET_EXCEEDED',
  'BACKEND_UNAVAILABLE',
  // Requests
  'USAGE',
  'INVALID_REQUEST',
  'UNAUTHORIZED',
  'RATE_LIMITED',
  'REQUEST_TIMEOUT',
  'HEADERS_TOO_LARGE',
  'NOT_FOUND',
  'METHOD_NOT_ALLOWED',
  'NOT_ACCEPTABLE',
  'BODY_TOO_LARGE',
  'UNSUPPORTED_MEDIA_TYPE',
  'QUEUE_FULL',
  'SHUTTING_DOWN',
  'ADDRESS_UNAVAILABLE',
  'CANCELLED',
  // Evaluations
  'DATASET_NOT_FOUND',
  'EVALUATION_NOT_FOUND',
  'EVALUATION_UNFINISHED',
  'EVALUATION_FINISHED',
  'IDEMPOTENCY_KEY_REUSED',
  'ARCHIVE_INVALID',
  'UPLOAD_UNSUPPORTED',
  'STORE_IN_USE',
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

/**
 * An error that is the caller's to mend. Its message says what was expected and what was found; nothing else throws
 * to the user: any other error is a fault of segprobe itself.
 */
export class SegprobeError extends Error {
  override readonly name = 'SegprobeError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Tells whether `error` is a {@link SegprobeError}, of `code` if one is given. */
export function isSegprobeError(error: unknown, code?: ErrorCode): error is SegprobeError {
  return error instanceof SegprobeError && (code === undefined || error.code === code);
}

/** The text of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
