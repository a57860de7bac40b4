import { createHash, timingSafeEqual } from 'node:crypto';
import { isIP } from 'node:net';
import type { RequestHandler } from 'express';
import { SegprobeError } from '../shared/errors.js';

/**
 * Lets in only requests that carry the key, as `Authorization: Bearer KEY` or `X-API-Key: KEY`.
 * Compared by digest, so that the time it takes tells nothing of the key.
 */
export function requireApiKey(apiKey: string): RequestHandler {
  const expected = digest(apiKey);
  return (request, _response, next) => {
    const bearer = /^Bearer +(\S+) *$/i.exec(request.get('authorization') ?? '')?.[1];
    const given = bearer ?? request.get('x-api-key');
    if (given !== undefined && timingSafeEqual(digest(given), expected)) {
      next();
      return;
    }
    throw new SegprobeError(
      'UNAUTHORIZED',
      `expected the API key as "Authorization: Bearer KEY" or "X-API-Key: KEY", got ${given === undefined ? 'none' : 'another one'}`,
    );
  };
}

/**
 * Refuses to open the service to other machines by oversight.
 * @throws SegprobeError `USAGE` for an address that others reach, without a key and without `insecure`.
 */
export function assertSafeHost(
  host: string,
  { apiKey, insecure }: { readonly apiKey?: string | undefined; readonly insecure: boolean },
): void {
  if (isLoopback(host) || apiKey !== undefined || insecure) return;
  throw new SegprobeError(
    'USAGE',
    `expected an API key in SEGPROBE_API_KEY (or --insecure) to listen on ${host}, which other machines reach, got neither`,
  );
}

function isLoopback(host: string): boolean {
  if (host === 'localhost' || host === '::1') return true;
  return isIP(host) === 4 && host.startsWith('127.');
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
