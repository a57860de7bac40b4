import type { Metadata, Sharp } from 'sharp';
import { SegprobeError } from '../shared/errors.js';
import { assertClassNumbers, resizeLabelMap } from '../shared/label-map.js';
import { DEFAULT_MAX_PIXELS, assertPictureSize } from './decode.js';
import type { Size } from './dataset.js';
import { readFileWhole } from './files.js';
import { toGreyscalePng } from './indexed-png.js';
import { refusalOf } from './picture-refusal.js';
import { sharp } from './sharp.js';

/** A decoded label map. */
export interface LabelMap extends Size {
  /** Class numbers, `[H, W]` flattened. */
  readonly data: Uint8Array;
  /** The size in the file, before any resizing. */
  readonly originalSize: Size;
}

export interface DecodeLabelOptions {
  /** Every pixel must be below this. */
  readonly classCount: number;
  /** Resize to this size, to the nearest pixel. @defaultValue the file's own */
  readonly size?: Size;
  /** Names the label in messages. @defaultValue the path, or "the label" */
  readonly what?: string;
  /** Refuse more pixels than this, from the header alone. @defaultValue {@link DEFAULT_MAX_PIXELS} */
  readonly maxPixels?: number;
}

const CHANNEL_NAMES = ['', '', 'greyscale with transparency', 'RGB', 'RGBA'];

/**
 * Decodes a PNG of class numbers, exactly: greyscale of 1 to 16 bits or a palette's indices, with no colour
 * management, on libuv's threads.
 *
 * @param input - a file's path, or its bytes.
 * @throws SegprobeError naming the label: `LABEL_INVALID` where it is no PNG of one channel or has a number that is
 *   no class (with the value and its first place), and as `decodePicture` where it cannot be read.
 */
export async function decodeLabel(
  input: Uint8Array | string,
  options: DecodeLabelOptions,
): Promise<LabelMap> {
  const { classCount, maxPixels = DEFAULT_MAX_PIXELS } = options;
  const what = options.what ?? (typeof input === 'string' ? input : 'the label');
  if (input.length === 0) throw await refusalOf(input, what, undefined);
  const [header, grey] = await Promise.allSettled([
    sharp(input, { limitInputPixels: false }).metadata(),
    toGrey8(input, maxPixels),
  ]);
  if (header.status === 'rejected') throw await refusalOf(input, what, header.reason);
  const { width, height, bitsPerSample = 8, isPalette } = header.value;
  const originalSize = { width, height };
  assertPictureSize(originalSize, { what, maxPixels, minSide: 1 });
  assertOneChannel(header.value, what);
  if (grey.status === 'rejected') throw await refusalOf(input, what, grey.reason);

  let numbers: Uint8Array | Uint16Array = grey.value;
  if (isPalette) numbers = await readIndices(input, what, maxPixels);
  if (bitsPerSample === 16) numbers = await toGrey16(input, maxPixels);
  if (bitsPerSample < 8) numbers = unscaled(numbers, bitsPerSample);
  assertClassNumbers(numbers, width, classCount, what);
  const classNumbers = numbers instanceof Uint8Array ? numbers : Uint8Array.from(numbers);
  const size = options.size ?? originalSize;
  return {
    width: size.width,
    height: size.height,
    data: resizeLabelMap(classNumbers, originalSize, size),
    originalSize,
  };
}

function assertOneChannel({ format, isPalette, channels }: Metadata, what: string): void {
  if (format !== 'png') {
    throw new SegprobeError(
      'LABEL_INVALID',
      `${what}: expected a PNG of class numbers, got ${format.toUpperCase()}`,
    );
  }
  if (!isPalette && channels !== 1) {
    throw new SegprobeError(
      'LABEL_INVALID',
      `${what}: expected one channel of class numbers, got ${CHANNEL_NAMES[channels]}`,
    );
  }
}

async function toGrey8(input: Uint8Array | string, maxPixels: number): Promise<Uint8Array> {
  const data = await open(input, maxPixels).toColourspace('b-w').raw({ depth: 'uchar' }).toBuffer();
  return new Uint8Array(data.buffer, data.byteOffset, data.length);
}

async function toGrey16(input: Uint8Array | string, maxPixels: number): Promise<Uint16Array> {
  const pipeline = open(input, maxPixels).toColourspace('grey16').raw({ depth: 'ushort' });
  const data = await pipeline.toBuffer();
  return new Uint16Array(data.buffer, data.byteOffset, data.length / 2);
}

function open(input: Uint8Array | string, maxPixels: number): Sharp {
  return sharp(input, { ignoreIcc: true, limitInputPixels: maxPixels });
}

async function readIndices(
  input: Uint8Array | string,
  what: string,
  maxPixels: number,
): Promise<Uint8Array> {
  const bytes = typeof input === 'string' ? await readFileWhole(input) : input;
  try {
    return await toGrey8(toGreyscalePng(bytes), maxPixels);
  } catch (error) {
    throw await refusalOf(bytes, what, error);
  }
}

/** Undoes a decoder's scaling of samples of less than 8 bits to 0..255, e.g. of 4 bits by 17. */
function unscaled(values: Uint8Array | Uint16Array, bitsPerSample: number): Uint8Array {
  const scale = 255 / (2 ** bitsPerSample - 1);
  const numbers = new Uint8Array(values.length);
  for (let i = 0; i < values.length; i++) numbers[i] = values[i]! / scale;
  return numbers;
}
