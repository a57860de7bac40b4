import { createHash, timingSafeEqual } from 'node:crypto';
import { isIP } from 'node:net';
import type { Request, RequestHandler } from 'express';
import { ipKeyGenerator } from 'express-rate-limit';
import { SegprobeError } from '../shared/errors.js';
import type { Config } from './config/schema.js';

/**
 * Says whose a request is: the name of the key that it carries, as `Authorization: Bearer KEY` or `X-API-Key: KEY`, or else
 * the address that it comes from. Compared by digest, so that the time it takes tells nothing of the keys.
 *
 * @param apiKeys - by name, as `sha256:` and the digest in hex: the keys themselves are nowhere.
 */
export function identifyClient(apiKeys: Config['apiKeys']): RequestHandler {
  const keys = Object.entries(apiKeys).map(([name, digest]) => {
    return { name, digest: Buffer.from(digest.replace('sha256:', ''), 'hex') };
  });
  return (request, response, next) => {
    const given = keyOf(request);
    const digest = createHash('sha256')
      .update(given ?? '')
      .digest();
    // All are compared, whichever fits.
    const found = keys.filter((key) => timingSafeEqual(key.digest, digest) && given !== undefined);
    response.locals['key'] = found[0]?.name;
    next();
  };
}

/** Lets in only requests that carry a key that {@link identifyClient} knows. */
export const requireApiKey: RequestHandler = (request, response, next) => {
  if (response.locals['key'] !== undefined) {
    next();
    return;
  }
  throw new SegprobeError(
    'UNAUTHORIZED',
    `expected an API key as "Authorization: Bearer KEY" or "X-API-Key: KEY", got ${keyOf(request) === undefined ? 'none' : 'another one'}`,
  );
};

/** Who takes turns with others and has a rate of its own: a key, or an address (of IPv6 its network). */
export function clientOf(request: Request): string {
  const name: unknown = request.res?.locals['key'];
  return typeof name === 'string' ? `key ${name}` : ipKeyGenerator(request.ip ?? '');
}

/**
 * Refuses to open the service to other machines by oversight.
 * @throws SegprobeError `USAGE` for an address that others reach, without a key and without `insecure`.
 */
export function assertSafeHost({
  host,
  apiKeys,
  insecure,
}: Pick<Config, 'host' | 'apiKeys' | 'insecure'>): void {
  if (isLoopback(host) || Object.keys(apiKeys).length > 0 || insecure) return;
  throw new SegprobeError(
    'USAGE',
    `expected an API key in SEGPROBE_API_KEY (or --insecure) to listen on ${host}, which other machines reach, got neither`,
  );
}

/** Tells whether only this machine reaches an address. */
export function isLoopback(host: string): boolean {
  if (host === 'localhost' || host === '::1') return true;
  return isIP(host) === 4 && host.startsWith('127.');
}

function keyOf(request: Request): string | undefined {
  const bearer = /^Bearer +(\S+) *$/i.exec(request.get('authorization') ?? '')?.[1];
  return bearer ?? request.get('x-api-key');
}
