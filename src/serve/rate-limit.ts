import type { RequestHandler } from 'express';
import { rateLimit } from 'express-rate-limit';
import { SegprobeError } from '../shared/errors.js';
import { clientOf } from './auth.js';

const WINDOW_MS = 60_000;

/**
 * Refuses what one client sends beyond a number of requests a minute, with `RateLimit` headers (draft 8 of the IETF's) on every
 * answer and `Retry-After` on the refusal. Each process counts for itself.
 *
 * @param perMinute - 1 or more.
 */
export function limitRate(perMinute: number): RequestHandler {
  return rateLimit({
    windowMs: WINDOW_MS,
    limit: perMinute,
    standardHeaders: 'draft-8',
    legacyHeaders: false,
    keyGenerator: clientOf,
    // Whoever has a proxy before it says so (trustProxy); a header that anybody may send is no fault of set-up.
    validate: { xForwardedForHeader: false, forwardedHeader: false },
    handler: () => {
      throw new SegprobeError(
        'RATE_LIMITED',
        `expected at most ${perMinute} requests a minute, got more; try again when Retry-After says`,
      );
    },
  });
}
