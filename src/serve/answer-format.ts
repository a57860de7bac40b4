import type { Request } from 'express';
import { z } from 'zod';
import { SegprobeError } from '../shared/errors.js';

const JSON_TYPE = 'application/json';
const PNG_TYPE = 'image/png';
/** Several pictures, a part each. */
const PARTS_TYPE = 'multipart/mixed';

/** What a route can answer besides JSON: pictures by name, and which of them `image/png` means. */
export interface AnswerFormats<Picture extends string> {
  readonly pictures: readonly Picture[];
  readonly png: Picture;
}

/** What is answered: JSON, a picture, or pictures as the parts of a body. */
export interface AnswerFormat<Picture extends string> {
  readonly format: Picture | 'json';
  readonly isInParts: boolean;
}

/** The parameter `?format=`. */
export function formatParameter({
  pictures,
  png,
}: AnswerFormats<string>): z.ZodOptional<z.ZodEnum<Record<string, string>>> {
  const names = [...pictures, 'json', PNG_TYPE, JSON_TYPE, PARTS_TYPE];
  return z
    .enum(names, {
      error: ({ input }) =>
        `expected format ${names.join(', ')}, got ${JSON.stringify(input).slice(0, 100)}`,
    })
    .optional()
    .describe(
      `Before \`Accept\`; \`${PNG_TYPE}\` is \`${png}\`, of several pictures in \`${PARTS_TYPE}\`.`,
    );
}

/**
 * Chooses the format of the answer: what `?format=` says, or else what `Accept` likes best, a picture where it likes anything, JSON of
 * several.
 *
 * @param asked - by `?format=`.
 * @param count - of pictures.
 * @throws SegprobeError `NOT_ACCEPTABLE` for a format that cannot be.
 */
export function chooseFormat<Picture extends string>(
  request: Request,
  asked: string | undefined,
  count: number,
  { pictures, png }: AnswerFormats<Picture>,
): AnswerFormat<Picture> {
  if (asked !== undefined) {
    if (asked === PNG_TYPE && count > 1) throw onePicture(count, `?format=${asked}`);
    const picture = pictures.find((own) => own === asked);
    const isJson = asked === 'json' || asked === JSON_TYPE;
    return {
      format: isJson ? 'json' : (picture ?? png),
      isInParts: asked === PARTS_TYPE || (count > 1 && !isJson),
    };
  }
  const offered = count === 1 ? [PNG_TYPE, JSON_TYPE, PARTS_TYPE] : [JSON_TYPE, PARTS_TYPE];
  const liked = request.accepts(offered);
  if (liked !== false) {
    return { format: liked === JSON_TYPE ? 'json' : png, isInParts: liked === PARTS_TYPE };
  }
  const accept = request.get('accept') ?? 'nothing';
  if (count > 1) throw onePicture(count, `Accept: ${accept}`);
  throw new SegprobeError(
    'NOT_ACCEPTABLE',
    `expected Accept to allow ${PNG_TYPE} or ${JSON_TYPE}, got ${accept}`,
  );
}

function onePicture(count: number, found: string): SegprobeError {
  return new SegprobeError(
    'NOT_ACCEPTABLE',
    `expected ${JSON_TYPE} or ${PARTS_TYPE} for ${count} pictures (a PNG holds one), got ${found}`,
  );
}
