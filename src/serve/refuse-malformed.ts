import { randomUUID } from 'node:crypto';
import { STATUS_CODES, type Server } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Logger } from 'pino';
import { SegprobeError } from '../shared/errors.js';
import { toProblem } from './error-handler.js';

/** What Node's parser says of what is no request, in our words. */
const FAULTS: Readonly<Record<string, SegprobeError>> = {
  HPE_HEADER_OVERFLOW: new SegprobeError(
    'HEADERS_TOO_LARGE',
    'expected headers of at most 16 KiB, got more',
  ),
  ERR_HTTP_REQUEST_TIMEOUT: new SegprobeError(
    'REQUEST_TIMEOUT',
    'expected a whole request in time, got part of one',
  ),
};
const LINGER_MS = 1000;
const MALFORMED = new SegprobeError(
  'INVALID_REQUEST',
  'expected an HTTP/1.1 request, got a malformed one',
);

/** Answers what never became a request: problem+json for it too, and then the connection ends. */
export function refuseMalformed(server: Server, logger: Logger): void {
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    // Node's own word for an answer that has begun: ours would end up in the middle of it.
    const { _httpMessage: begun } = socket as { _httpMessage?: { readonly headersSent: boolean } };
    if (error.code === 'ECONNRESET' || !socket.writable || begun?.headersSent) {
      socket.destroy();
      return;
    }
    const requestId = randomUUID();
    const problem = toProblem(FAULTS[error.code ?? ''] ?? MALFORMED, { instance: '', requestId });
    logger.warn({ code: problem.code, reason: error.code, req: { id: requestId } }, 'no request');
    const body = Buffer.from(JSON.stringify(problem));
    const head = [
      `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}`,
      'Content-Type: application/problem+json',
      `Content-Length: ${body.length}`,
      `X-Request-Id: ${requestId}`,
      'Connection: close',
    ];
    socket.end(Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body]));
    // What still comes is thrown away: a connection that is closed on unread bytes may lose its answer.
    socket.resume();
    const patience = setTimeout(() => socket.destroy(), LINGER_MS);
    socket.once('close', () => clearTimeout(patience));
  });
}
