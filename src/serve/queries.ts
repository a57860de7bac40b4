import type { Request } from 'express';
import { z } from 'zod';
import { SegprobeError } from '../shared/errors.js';

/** A victim's name. */
export const modelParameter = z
  .string()
  .optional()
  .describe('A victim of `/models`; the first by name unless said.');

/** How much of an attack. */
export const strengthParameter = z
  .preprocess(
    (text) =>
      typeof text === 'string' && text.trim() !== '' && Number(text) >= 0 ? Number(text) : text,
    z
      .number({ error: notAStrength })
      .min(0, { error: notAStrength })
      .max(1, { error: notAStrength }),
  )
  .default(1)
  .describe("How much of the attacker's change is made, or how far up its range a control goes.");

/**
 * Parses a query.
 * @throws SegprobeError `INVALID_REQUEST` naming the parameter that is wrong, or there several times.
 */
export function parseQuery<T extends z.ZodObject>(schema: T, { query }: Request): z.output<T> {
  const result = schema.safeParse(query);
  if (result.success) return result.data;
  const [{ path, message }] = result.error.issues as [z.core.$ZodIssue];
  const name = String(path[0]);
  const text = Array.isArray(query[name]) ? `expected one ${name}, got several` : message;
  throw new SegprobeError('INVALID_REQUEST', text, { cause: result.error });
}

function notAStrength({ input }: { readonly input?: unknown }): string {
  return `expected a strength from 0 to 1, got ${JSON.stringify(input).slice(0, 100)}`;
}
