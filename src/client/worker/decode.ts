import { SegprobeError } from '../../shared/errors.js';
import type { Size } from '../../shared/size.js';
import { fromRgba, type RgbPicture } from './rgb-picture.js';

/** More pixels are not even decoded. */
const MAX_PIXELS = 2 ** 26;
/** Larger pictures are scaled down to about this many pixels: what the page shows at most, and every pixel costs time. */
const WORKING_PIXELS = 1440 * 1080;
const MIN_SIDE = 8;

/** A decoded picture, and the size of its file where it was scaled down. */
export interface DecodedPicture extends RgbPicture {
  readonly scaledFrom: Size | null;
}

/**
 * Decodes a picture file upright, as the browser does; a large one is scaled down.
 *
 * @param name - of the file, for messages.
 * @throws SegprobeError `IMAGE_EMPTY`, `IMAGE_UNREADABLE`, `IMAGE_TOO_LARGE` or `IMAGE_TOO_SMALL`.
 */
export async function decodePicture(file: Blob, name: string): Promise<DecodedPicture> {
  return readBitmap(await decode(file, name, {}), name);
}

/**
 * Decodes a picture file whose values mean something, in its own size.
 * @throws SegprobeError as {@link decodePicture}.
 */
export async function decodeUnscaled(file: Blob, name: string): Promise<RgbPicture> {
  const bitmap = await decode(file, name, {
    colorSpaceConversion: 'none',
    premultiplyAlpha: 'none',
  });
  return readPixels(bitmap, name, bitmap);
}

/**
 * Reads a bitmap's pixels, and closes it.
 * @throws SegprobeError `IMAGE_TOO_LARGE` or `IMAGE_TOO_SMALL`.
 */
export function readBitmap(bitmap: ImageBitmap, name: string): DecodedPicture {
  const original = { height: bitmap.height, width: bitmap.width };
  const size = workingSize(original);
  const picture = readPixels(bitmap, name, size);
  return { ...picture, scaledFrom: size.width === original.width ? null : original };
}

async function decode(file: Blob, name: string, options: ImageBitmapOptions): Promise<ImageBitmap> {
  if (file.size === 0) {
    throw new SegprobeError('IMAGE_EMPTY', `${name}: expected a picture, got no bytes`);
  }
  try {
    return await createImageBitmap(file, options);
  } catch (cause) {
    throw new SegprobeError(
      'IMAGE_UNREADABLE',
      `${name}: expected a picture that this browser reads (PNG, JPEG, WebP …), got ${await describe(file)}`,
      { cause },
    );
  }
}

function readPixels(bitmap: ImageBitmap, name: string, size: Size): RgbPicture {
  const { width, height } = bitmap;
  const to = { height: size.height, width: size.width };
  try {
    if (width * height > MAX_PIXELS) {
      throw new SegprobeError(
        'IMAGE_TOO_LARGE',
        `${name}: expected at most ${MAX_PIXELS} pixels, got ${width}×${height}`,
      );
    }
    if (Math.min(width, height) < MIN_SIDE) {
      throw new SegprobeError(
        'IMAGE_TOO_SMALL',
        `${name}: expected at least ${MIN_SIDE}×${MIN_SIDE} pixels, got ${width}×${height}`,
      );
    }
    const context = new OffscreenCanvas(to.width, to.height).getContext('2d', {
      willReadFrequently: true,
    })!;
    context.imageSmoothingQuality = 'high';
    context.drawImage(bitmap, 0, 0, to.width, to.height);
    return fromRgba(context.getImageData(0, 0, to.width, to.height).data, to);
  } finally {
    bitmap.close();
  }
}

function workingSize({ height, width }: Size): Size {
  const scale = Math.sqrt(WORKING_PIXELS / (height * width));
  if (scale >= 1) return { height, width };
  const to = (side: number): number => Math.max(MIN_SIDE, Math.round(side * scale));
  return { height: to(height), width: to(width) };
}

async function describe(file: Blob): Promise<string> {
  const start = new Uint8Array(await file.slice(0, 64).arrayBuffer());
  const isText = start.every((byte) => byte === 9 || byte === 10 || byte === 13 || byte >= 32);
  return isText
    ? 'text'
    : `${file.type || 'an unknown kind of file'} of ${file.size} bytes, damaged or of another kind`;
}
