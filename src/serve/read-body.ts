import type { IncomingMessage, ServerResponse } from 'node:http';
import { SegprobeError } from '../shared/errors.js';

/** Counts the bytes of bodies that all requests hold together. */
export interface ByteBudget {
  /** @returns false, and takes nothing, if they would be too many. */
  take(bytes: number): boolean;
  giveBack(bytes: number): void;
}

/** Builds a budget of `maxBytes`. */
export function createByteBudget(maxBytes: number): ByteBudget {
  let used = 0;
  return {
    take(bytes) {
      if (used + bytes > maxBytes) return false;
      used += bytes;
      return true;
    },
    giveBack(bytes) {
      used -= bytes;
    },
  };
}

/**
 * Refuses a body that says it is too long, before a byte of it is read.
 * @throws SegprobeError `BODY_TOO_LARGE`.
 */
export function assertDeclaredLength(request: IncomingMessage, maxBodyBytes: number): void {
  const declared = Number(request.headers['content-length'] ?? 0);
  if (declared > maxBodyBytes) throw tooLarge(maxBodyBytes, String(declared));
}

/**
 * Refuses a body that is compressed.
 * @throws SegprobeError `UNSUPPORTED_MEDIA_TYPE`.
 */
export function assertNotEncoded(request: IncomingMessage): void {
  const encoding = request.headers['content-encoding'] ?? 'identity';
  if (encoding === 'identity') return;
  throw new SegprobeError(
    'UNSUPPORTED_MEDIA_TYPE',
    `expected a body without Content-Encoding, got ${encoding}`,
  );
}

/**
 * Reads a whole body. What comes after a refusal is thrown away unread, so that the answer still reaches a client that
 * sends first and reads later. The budget is charged until the response is closed.
 *
 * @throws SegprobeError `BODY_TOO_LARGE`; `QUEUE_FULL` when all bodies together are; `CANCELLED` if the client goes.
 */
export async function readBody(
  request: IncomingMessage,
  response: ServerResponse,
  { maxBodyBytes, budget }: { readonly maxBodyBytes: number; readonly budget: ByteBudget },
): Promise<Buffer> {
  assertDeclaredLength(request, maxBodyBytes);
  const chunks: Buffer[] = [];
  let length = 0;
  response.once('close', () => budget.giveBack(length));
  const refusalOf = (bytes: number): SegprobeError | undefined => {
    if (length + bytes > maxBodyBytes) return tooLarge(maxBodyBytes, 'more');
    return budget.take(bytes) ? undefined : overBudget();
  };
  await new Promise<void>((resolve, reject) => {
    const onData = (chunk: Buffer): void => {
      const refusal = refusalOf(chunk.length);
      if (refusal === undefined) {
        length += chunk.length;
        chunks.push(chunk);
        return;
      }
      request.off('data', onData).resume();
      reject(refusal);
    };
    request
      .on('data', onData)
      .once('end', resolve)
      .once('error', (cause) => reject(gone(cause)))
      .once('close', () => reject(gone()));
  });
  return Buffer.concat(chunks, length);
}

function tooLarge(maxBodyBytes: number, found: string): SegprobeError {
  return new SegprobeError(
    'BODY_TOO_LARGE',
    `expected a body of at most ${maxBodyBytes} bytes, got ${found}`,
  );
}

function overBudget(): SegprobeError {
  return new SegprobeError(
    'QUEUE_FULL',
    'expected room for the body of one more request, got none; try again in a moment',
  );
}

function gone(cause?: Error): SegprobeError {
  return new SegprobeError('CANCELLED', 'the client left before its request was whole', { cause });
}
