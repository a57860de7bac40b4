import { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { SegprobeError, messageOf } from '../../../shared/errors.js';
import { withoutPassword } from '../../config/show-config.js';

/** All keys begin so; the braces keep them together in a cluster. */
export const PREFIX = '{segprobe}';

const RETRY_MS = 1000;
/** How often a request's command is tried over new connections before the request is refused. */
const REQUEST_RETRIES = 2;

/**
 * Connects to Redis, and again whenever the connection is lost.
 *
 * @param use - `request`: commands fail when Redis cannot be reached; `work`: they wait until it can.
 */
export function connectRedis(url: string, use: 'request' | 'work', logger: Logger): Redis {
  const redis = new Redis(url, {
    maxRetriesPerRequest: use === 'request' ? REQUEST_RETRIES : null,
    retryStrategy: (times) => Math.min(50 * times, RETRY_MS),
  });
  let isLost = false;
  redis.on('error', (error) => {
    if (!isLost) logger.error(`Redis at ${withoutPassword(url)} is lost: ${messageOf(error)}`);
    isLost = true;
  });
  redis.on('ready', () => {
    if (isLost) logger.info(`Redis at ${withoutPassword(url)} is back`);
    isLost = false;
  });
  return redis;
}

/** Says of a command that failed that Redis cannot be asked; what it refused itself stays a fault. */
export function toRedisRefusal(error: unknown): Error {
  if (error instanceof SegprobeError) return error;
  const own = error instanceof Error ? error : new Error(String(error));
  if (own.name === 'ReplyError' && !/^(LOADING|READONLY|MASTERDOWN|BUSY) /.test(own.message))
    return own;
  return new SegprobeError(
    'BACKEND_UNAVAILABLE',
    'expected Redis, which keeps the evaluations, got no answer; try again in a moment',
    { cause: error },
  );
}
