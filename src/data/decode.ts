import { SegprobeError } from '../shared/errors.js';
import type { Size } from './dataset.js';
import { enlarge } from '../shared/enlarge.js';
import { refusalOf } from './picture-refusal.js';
import { sharp } from './sharp.js';

/** The most pixels a picture may have unless told otherwise: 8192 × 8192, 192 MiB when decoded. */
export const DEFAULT_MAX_PIXELS = 2 ** 26;
/** The least height and width unless told otherwise: the victim halves a picture three times. */
export const DEFAULT_MIN_SIDE = 8;

/** A decoded picture. */
export interface Picture extends Size {
  /** RGB, 8 bits a channel, `[H, W, 3]` flattened. */
  readonly data: Uint8Array;
  /** The file's format, e.g. `png` or `jpeg`. */
  readonly format: string;
  /** The size in the file, upright, before any resizing. */
  readonly originalSize: Size;
}

export interface DecodePictureOptions {
  /** Resize to this size. @defaultValue the file's own */
  readonly size?: Size;
  /** Names the picture in messages. @defaultValue the path, or "the picture" */
  readonly what?: string;
  /** Refuse more pixels than this, from the header alone. @defaultValue {@link DEFAULT_MAX_PIXELS} */
  readonly maxPixels?: number;
  /** Refuse less height or width than this. @defaultValue {@link DEFAULT_MIN_SIDE} */
  readonly minSide?: number;
}

/**
 * Decodes a PNG, JPEG, WebP, AVIF or TIFF picture on libuv's threads.
 *
 * The picture is turned upright as its EXIF orientation says, brought to sRGB where it carries a colour profile, to 8
 * bits a channel, and its transparency dropped. It is resized bilinearly, the filter widened where the picture shrinks
 * so that no pixel is skipped, as the ancestors do; a picture already of that size keeps its pixels.
 *
 * Everything is asked of the thread pool at once, so that it finishes even while the caller blocks the main thread;
 * only enlarging happens on the main thread.
 *
 * @param input - a file's path, or its bytes.
 * @throws SegprobeError naming the picture: `FILE_NOT_FOUND`, `IMAGE_EMPTY`, `IMAGE_UNSUPPORTED`, `IMAGE_UNREADABLE`
 *   (truncated or damaged), `IMAGE_TOO_LARGE` or `IMAGE_TOO_SMALL`.
 */
export async function decodePicture(
  input: Uint8Array | string,
  options: DecodePictureOptions = {},
): Promise<Picture> {
  const { size, maxPixels = DEFAULT_MAX_PIXELS, minSide = DEFAULT_MIN_SIDE } = options;
  const what = options.what ?? (typeof input === 'string' ? input : 'the picture');
  // sharp would throw a TypeError of its own.
  if (input.length === 0) throw await refusalOf(input, what, undefined);
  let pipeline = sharp(input, { autoOrient: true, limitInputPixels: maxPixels })
    .removeAlpha()
    .toColourspace('srgb')
    .raw({ depth: 'uchar' });
  if (size !== undefined) {
    const { width, height } = size;
    pipeline = pipeline.resize(width, height, {
      fit: 'fill',
      kernel: 'linear',
      withoutEnlargement: true, // along each axis by itself
      fastShrinkOnLoad: false,
    });
  }
  const [header, pixels] = await Promise.allSettled([
    sharp(input, { limitInputPixels: false }).metadata(),
    pipeline.toBuffer({ resolveWithObject: true }),
  ]);
  if (header.status === 'rejected') throw await refusalOf(input, what, header.reason);
  const { format, autoOrient: originalSize } = header.value;
  assertPictureSize(originalSize, { what, maxPixels, minSide });
  if (pixels.status === 'rejected') throw await refusalOf(input, what, pixels.reason);
  const { data: buffer, info } = pixels.value;
  const { width, height } = size ?? info;
  let data: Uint8Array = new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
  if (info.width < width || info.height < height) data = enlarge(data, info, { width, height });
  return { width, height, data, format, originalSize };
}

/**
 * Reads a picture's size, upright, from its header alone.
 * @param file - its path.
 * @throws SegprobeError as {@link decodePicture} where there is no header to be read.
 */
export async function readPictureSize(file: string): Promise<Size> {
  try {
    const { autoOrient } = await sharp(file, { limitInputPixels: false }).metadata();
    return { width: autoOrient.width, height: autoOrient.height };
  } catch (error) {
    throw await refusalOf(file, file, error);
  }
}

/**
 * Refuses a size outside the limits.
 * @throws SegprobeError `IMAGE_TOO_LARGE` or `IMAGE_TOO_SMALL`.
 */
export function assertPictureSize(
  { width, height }: Size,
  limits: { readonly what: string; readonly maxPixels: number; readonly minSide: number },
): void {
  const { what, maxPixels, minSide } = limits;
  if (width * height > maxPixels) {
    throw new SegprobeError(
      'IMAGE_TOO_LARGE',
      `${what}: expected at most ${maxPixels} pixels, got ${width}×${height} (${width * height})`,
    );
  }
  if (width < minSide || height < minSide) {
    throw new SegprobeError(
      'IMAGE_TOO_SMALL',
      `${what}: expected at least ${minSide}×${minSide} pixels, got ${width}×${height}`,
    );
  }
}
