import type { Request } from 'express';
import type { z } from 'zod';
import { SegprobeError } from '../../shared/errors.js';

/**
 * Checks what a client sent against a schema.
 * @throws SegprobeError `INVALID_REQUEST` naming the first field that is wrong.
 */
export function parseSent<T extends z.ZodType>(schema: T, value: unknown): z.output<T> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const { path, message } = parsed.error.issues[0]!;
  const place = path.length > 0 ? `${path.join('.')}: ` : '';
  throw new SegprobeError('INVALID_REQUEST', `${place}${message}`.slice(0, 300));
}

/**
 * The `Idempotency-Key` of a request, if it has one.
 * @throws SegprobeError `INVALID_REQUEST` for one that is empty or too long.
 */
export function idempotencyKey(request: Request): string | undefined {
  const key = request.get('idempotency-key');
  if (key === undefined || /^[\x21-\x7e][\x20-\x7e]{0,254}$/.test(key)) return key;
  throw new SegprobeError(
    'INVALID_REQUEST',
    `expected an Idempotency-Key of 1 to 255 plain characters, got ${key.length}`,
  );
}
