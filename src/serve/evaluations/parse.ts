import type { Request } from 'express';
import { z } from 'zod';
import { SegprobeError } from '../../shared/errors.js';

/**
 * Checks what a client sent against a schema.
 * @throws SegprobeError `INVALID_REQUEST` naming the first field that is wrong.
 */
export function parseSent<T extends z.ZodType>(schema: T, value: unknown): z.output<T> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  const place = issue.path.length > 0 ? `${issue.path.join('.')}: ` : '';
  throw new SegprobeError('INVALID_REQUEST', `${place}${textOf(issue, schema)}`.slice(0, 300));
}

/** What is wrong, in the words of all our refusals. */
function textOf(issue: z.core.$ZodIssue, schema: z.ZodType): string {
  if (issue.code === 'unrecognized_keys' && issue.path.length === 0) {
    const known = schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
    return `expected ${known.join(', ')} alone, got ${issue.keys.map((key) => JSON.stringify(key)).join(', ')}`;
  }
  return issue.message.replace(/^Invalid \w+: /, '').replace(', received ', ', got ');
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
