import type { Request, Response } from 'express';
import { SegprobeError } from '../shared/errors.js';
import { parseMultipart } from './multipart.js';
import type { Limits } from './limits.js';
import { assertNotEncoded, readBody } from './read-body.js';
import type { ByteBudget } from './read-body.js';

/** A picture as it was sent. */
export interface SentImage {
  /** What messages and results call it. */
  readonly name: string;
  readonly bytes: Buffer;
  /** What is right, as it was sent beside the picture. */
  readonly label?: Buffer;
}

/** The form fields that hold pictures, and what is right for each of them. */
const IMAGE_FIELD = 'image';
const LABEL_FIELD = 'label';
const MAX_NAME_LENGTH = 200;

/**
 * Refuses a request whose body is no picture, by its headers alone.
 * @throws SegprobeError `UNSUPPORTED_MEDIA_TYPE`, or `IMAGE_EMPTY` where there is no body at all.
 */
export function assertImageBody(request: Request): void {
  const length = request.get('content-length');
  if (request.get('transfer-encoding') === undefined && (length ?? '0') === '0') {
    throw new SegprobeError('IMAGE_EMPTY', 'expected a picture as the body, got no body');
  }
  const found = request.get('content-type') ?? 'none';
  if (!request.is(['image/*', 'multipart/form-data'])) {
    throw new SegprobeError(
      'UNSUPPORTED_MEDIA_TYPE',
      `expected Content-Type image/* or multipart/form-data, got ${found}`,
    );
  }
  assertNotEncoded(request);
}

/**
 * Reads the pictures of a request: a raw body, or the parts named `image` of a form, each with the part named `label` in the
 * same place, if there are such.
 *
 * @returns one or more pictures, not decoded.
 * @throws SegprobeError as {@link assertImageBody}, `readBody` and `parseMultipart` do, and `INVALID_REQUEST` for a
 *   form without an `image`, or with labels for some pictures alone.
 */
export async function readImages(
  request: Request,
  response: Response,
  { limits, budget }: { readonly limits: Limits; readonly budget: ByteBudget },
): Promise<SentImage[]> {
  assertImageBody(request);
  const { maxBodyBytes, maxImages } = limits;
  const body = await readBody(request, response, { maxBodyBytes, budget });
  if (!request.is('multipart/form-data')) return [{ name: 'the picture', bytes: body }];
  const { files, fields } = await parseMultipart(body, request.get('content-type')!, 2 * maxImages);
  const images = files.filter(({ field }) => field === IMAGE_FIELD);
  if (images.length === 0) {
    const found = fields.map((field) => `"${field}"`).join(', ') || 'none';
    throw new SegprobeError(
      'INVALID_REQUEST',
      `expected a part named "${IMAGE_FIELD}" with a picture, got ${found}`,
    );
  }
  if (images.length > maxImages) {
    throw new SegprobeError(
      'BODY_TOO_LARGE',
      `expected at most ${maxImages} pictures, got ${images.length}`,
    );
  }
  const labels = files.filter(({ field }) => field === LABEL_FIELD);
  if (labels.length > 0 && labels.length !== images.length) {
    throw new SegprobeError(
      'INVALID_REQUEST',
      `expected a part named "${LABEL_FIELD}" for each of ${images.length} pictures or for none, got ${labels.length}`,
    );
  }
  return images.map(({ filename, bytes }, i) => ({
    name: filename.slice(0, MAX_NAME_LENGTH) || `image ${i + 1}`,
    bytes,
    ...(labels[i] && { label: labels[i].bytes }),
  }));
}
