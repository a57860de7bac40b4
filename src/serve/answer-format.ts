import type { Request } from 'express';
import { SegprobeError } from '../shared/errors.js';

const JSON_TYPE = 'application/json';
const PNG_TYPE = 'image/png';

/** What a route can answer besides JSON: pictures by name, and which of them `image/png` means. */
export interface AnswerFormats<Picture extends string> {
  readonly pictures: readonly Picture[];
  readonly png: Picture;
}

/**
 * Chooses the format of the answer: what `?format=` says, or else what `Accept` likes best, a picture where it likes
 * anything.
 *
 * @param count - of pictures; several are answered as JSON.
 * @throws SegprobeError `INVALID_REQUEST` for a format that does not exist, `NOT_ACCEPTABLE` for one that cannot be.
 */
export function chooseFormat<Picture extends string>(
  request: Request,
  count: number,
  { pictures, png }: AnswerFormats<Picture>,
): Picture | 'json' {
  const asked = request.query['format'];
  if (asked !== undefined) {
    const known = new Map<unknown, Picture | 'json'>([
      ...pictures.map((picture) => [picture, picture] as const),
      ['json', 'json'],
      [PNG_TYPE, png],
      [JSON_TYPE, 'json'],
    ]);
    const format = known.get(asked);
    if (format === undefined) {
      const names = [...known.keys()].join(', ');
      throw new SegprobeError('INVALID_REQUEST', `expected format ${names}, got ${show(asked)}`);
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
  return liked === JSON_TYPE ? 'json' : png;
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
