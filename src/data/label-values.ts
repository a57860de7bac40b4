import type { Metadata, Sharp } from 'sharp';
import { SegprobeError } from '../shared/errors.js';
import type { Size } from './dataset.js';
import { assertPictureSize } from './decode.js';
import { readFileWhole } from './files.js';
import { toGreyscalePng } from './indexed-png.js';
import { refusalOf } from './picture-refusal.js';
import { sharp } from './sharp.js';

/** A label file's pixels as they are in the file, before anything is made of them. */
export interface LabelValues extends Size {
  /** Grey values and indices into a palette, or colours as `0xRRGGBB`. */
  readonly kind: 'number' | 'color';
  /** `[H, W]` flattened. */
  readonly values: Uint8Array | Uint16Array | Uint32Array;
}

interface ReadOptions {
  readonly kind: LabelValues['kind'];
  /** Names the label in messages. */
  readonly what: string;
  /** Refuse more pixels than this, from the header alone. */
  readonly maxPixels: number;
}

const CHANNEL_NAMES = ['', '', 'greyscale with transparency', 'RGB', 'RGBA'];

/**
 * Decodes a PNG exactly, with no colour management, on libuv's threads: for numbers greyscale of 1 to 16 bits or a
 * palette's indices; for colours any PNG, its transparency dropped.
 *
 * @param input - a file's path, or its bytes.
 * @throws SegprobeError naming the label: `LABEL_INVALID` where it is no PNG, or, for numbers, of more than one channel;
 *   and as `decodePicture` where it cannot be read.
 */
export async function readLabelValues(
  input: Uint8Array | string,
  options: ReadOptions,
): Promise<LabelValues> {
  const { kind, what, maxPixels } = options;
  if (input.length === 0) throw await refusalOf(input, what, undefined);
  const [header, pixels] = await Promise.allSettled([
    sharp(input, { limitInputPixels: false }).metadata(),
    kind === 'number' ? toGrey8(input, maxPixels) : toRgb(input, maxPixels),
  ]);
  if (header.status === 'rejected') throw await refusalOf(input, what, header.reason);
  const { width, height } = header.value;
  assertPictureSize({ width, height }, { what, maxPixels, minSide: 1 });
  assertPng(header.value, what);
  if (kind === 'number') assertOneChannel(header.value, what);
  if (pixels.status === 'rejected') throw await refusalOf(input, what, pixels.reason);
  const values =
    kind === 'number'
      ? await toNumbers(pixels.value, header.value, input, options)
      : packColors(pixels.value);
  return { width, height, kind, values };
}

/**
 * Tells from a label's header whether it holds numbers (one channel, or a palette's indices) or colours; undefined where it
 * cannot be read.
 */
export async function readLabelKind(file: string): Promise<LabelValues['kind'] | undefined> {
  try {
    const header = await sharp(file, { limitInputPixels: false }).metadata();
    return hasOneChannel(header) ? 'number' : 'color';
  } catch {
    return undefined; // What is wrong with it is told when it is decoded.
  }
}

function assertPng({ format }: Metadata, what: string): void {
  if (format === 'png') return;
  throw new SegprobeError(
    'LABEL_INVALID',
    `${what}: expected a PNG of class numbers, got ${format.toUpperCase()}`,
  );
}

function assertOneChannel(header: Metadata, what: string): void {
  if (hasOneChannel(header)) return;
  throw new SegprobeError(
    'LABEL_INVALID',
    `${what}: expected one channel of class numbers, got ${CHANNEL_NAMES[header.channels]}`,
  );
}

function hasOneChannel({ isPalette, channels }: Metadata): boolean {
  return isPalette || channels === 1;
}

/** The samples as they are in the file, from what any decoder makes of them. */
async function toNumbers(
  grey: Uint8Array,
  { bitsPerSample = 8, isPalette }: Metadata,
  input: Uint8Array | string,
  { what, maxPixels }: ReadOptions,
): Promise<Uint8Array | Uint16Array> {
  if (bitsPerSample === 16) return toGrey16(input, maxPixels);
  const samples = isPalette ? await readIndices(input, what, maxPixels) : grey;
  return bitsPerSample < 8 ? unscaled(samples, bitsPerSample) : samples;
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

async function toRgb(input: Uint8Array | string, maxPixels: number): Promise<Uint8Array> {
  const pipeline = open(input, maxPixels).removeAlpha().toColourspace('srgb');
  return pipeline.raw({ depth: 'uchar' }).toBuffer();
}

function open(input: Uint8Array | string, maxPixels: number): Sharp {
  return sharp(input, { ignoreIcc: true, limitInputPixels: maxPixels });
}

function packColors(rgb: Uint8Array): Uint32Array {
  const colors = new Uint32Array(rgb.length / 3);
  for (let i = 0; i < colors.length; i++) {
    colors[i] = (rgb[3 * i]! << 16) | (rgb[3 * i + 1]! << 8) | rgb[3 * i + 2]!;
  }
  return colors;
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
function unscaled(values: Uint8Array, bitsPerSample: number): Uint8Array {
  const scale = 255 / (2 ** bitsPerSample - 1);
  return values.map((value) => value / scale);
}
