import { z } from 'zod';
import { ERROR_CODES } from '../shared/errors.js';
import { INTERNAL_CODE } from './http-status.js';

/** An error as the client sees it. @see https://www.rfc-editor.org/rfc/rfc9457 */
export const problemSchema = z
  .object({
    type: z.string().describe('`urn:segprobe:error:` and the code.'),
    title: z.string(),
    status: z.int(),
    detail: z.string().describe('What was expected, and what was found.'),
    instance: z.string().describe('The path that was asked for.'),
    code: z.enum([...ERROR_CODES, INTERNAL_CODE]).describe('Stable: programs match on it.'),
    requestId: z.string().describe('As in `X-Request-Id` and in the log.'),
    error: z.string().optional().describe('The detail again, under `/v2`.'),
  })
  .meta({ id: 'Problem', description: 'Why a request was refused (RFC 9457).' });

export type Problem = z.infer<typeof problemSchema>;
export type ProblemCode = Problem['code'];
