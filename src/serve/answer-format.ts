import type { Request } from 'express';
import { RENDERINGS } from '../inference/render.js';
import type { Rendering } from '../inference/render.js';
import { SegprobeError } from '../shared/errors.js';

/** How a segmentation is answered. */
export type AnswerFormat = Rendering | 'json';

const JSON_TYPE = 'application/json';
const PNG_TYPE = 'image/png';

/** What `?format=` may say. */
const FORMATS: ReadonlyMap<string, AnswerFormat> = new Map<string, AnswerFormat>([
  ...RENDERINGS.map((rendering) => [rendering, rendering] as const),
  ['json', 'json'],
  [PNG_TYPE, 'mask'],
  [JSON_TYPE, 'json'],
]);

/**
 * Chooses the format of the answer: what `?format=` says, or else what `Accept` likes best, a mask where it likes
 * anything.
 *
 * @param count - of pictures; several are answered as JSON.
 * @throws SegprobeError `INVALID_REQUEST` for a format that does not exist, `NOT_ACCEPTABLE` for one that cannot be.
 */
export function chooseFormat(request: Request, count: number): AnswerFormat {
  const asked = request.query['format'];
  if (asked !== undefined) {
    const format = typeof asked === 'string' ? FORMATS.get(asked) : undefined;
    if (format === undefined) {
      const known = [...FORMATS.keys()].join(', ');
      throw new SegprobeError('INVALID_REQUEST', `expected format ${known}, got ${show(asked)}`);
    }
    if (count > 1 && format !== 'json') throw jsonOnly(count, `?format=${format}`);
    return format;
  }
  const accept = request.get('accept') ?? 'nothing';
  if (count > 1) {
    if (request.accepts(JSON_TYPE) === false) throw jsonOnly(count, `Accept: ${accept}`);
    return 'json';
  }
  const liked = request.accepts([PNG_TYPE, JSON_TYPE]);
  if (liked === false) {
    throw new SegprobeError(
      'NOT_ACCEPTABLE',
      `expected Accept to allow ${PNG_TYPE} or ${JSON_TYPE}, got ${accept}`,
    );
  }
  return liked === JSON_TYPE ? 'json' : 'mask';
}

function jsonOnly(count: number, found: string): SegprobeError {
  return new SegprobeError(
    'NOT_ACCEPTABLE',
    `expected ${JSON_TYPE} for ${count} pictures (a PNG holds one), got ${found}`,
  );
}

function show(value: unknown): string {
  return JSON.stringify(value).slice(0, 100);
}
