import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RequestHandler, Response } from 'express';
import { pino } from 'pino';
import type { Logger } from 'pino';
import { pinoHttp } from 'pino-http';

const REQUEST_ID_HEADER = 'X-Request-Id';
/** What a client may call its request; anything else gets a name of ours. */
const REQUEST_ID = /^[\w.:-]{1,128}$/;

/**
 * Builds the service's log, on stderr: JSON lines, or, where a person watches, short ones.
 */
export function createLogger(level: string): Logger {
  if (!process.stderr.isTTY) return pino({ level }, pino.destination(2));
  return pino({ level, base: null }, { write: (line) => process.stderr.write(toOneLine(line)) });
}

/** Gives every request its id, in and out, and logs it when it is answered. */
export function logRequests(logger: Logger): RequestHandler {
  return pinoHttp({
    logger,
    genReqId: (request: IncomingMessage, response: ServerResponse) => {
      const given = request.headers['x-request-id'];
      const id = typeof given === 'string' && REQUEST_ID.test(given) ? given : randomUUID();
      response.setHeader(REQUEST_ID_HEADER, id);
      return id;
    },
    customLogLevel: (_request, { statusCode }, error) => {
      if (error !== undefined || statusCode === 500) return 'error';
      return statusCode >= 400 ? 'warn' : 'info';
    },
    // By name, whose key it was.
    customProps: (_request, response) => {
      const key: unknown = (response as Partial<Response>).locals?.['key'];
      return key === undefined ? {} : { key };
    },
    customSuccessMessage: ({ method, url }) => `${method} ${url}`,
    customErrorMessage: ({ method, url }) => `${method} ${url}`,
    // No headers: they hold the key.
    serializers: {
      req: ({ id, method, url }: { id: string; method: string; url: string }) => ({
        id,
        method,
        url,
      }),
      res: ({ statusCode }: { statusCode: number }) => ({ statusCode }),
    },
  });
}

/** `12:34:56 WARN POST /segment 413 2 ms`. */
function toOneLine(json: string): string {
  const { time, level, msg, res, responseTime, err } = JSON.parse(json) as {
    time: number;
    level: number;
    msg: string;
    res?: { statusCode: number };
    responseTime?: number;
    err?: { stack?: string };
  };
  const clock = new Date(time).toTimeString().slice(0, 8);
  const label = pino.levels.labels[level]?.toUpperCase();
  const words = [
    clock,
    ...(label === undefined || label === 'INFO' ? [] : [label]),
    msg,
    ...(res ? [res.statusCode] : []),
    ...(responseTime === undefined ? [] : [`${responseTime} ms`]),
  ];
  return `${words.join(' ')}\n${err?.stack ? `${err.stack}\n` : ''}`;
}
