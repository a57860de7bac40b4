import { promisify } from 'node:util';
import zlib from 'node:zlib';
import type { Size } from '../data/dataset.js';
import { crc32 as slowCrc32 } from '../data/indexed-png.js';
import type { Rgb } from '../shared/classes.js';
import type { LabelPng } from './rendering.js';

const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
const COLOR_TYPE = { grey: 0, palette: 3 } as const;
/** Label maps are runs of one number: looking for nothing else takes a third of the time of level 4, and gives less. */
const DEFLATE = { level: 1, strategy: zlib.constants.Z_RLE };

const deflateAsync = promisify(zlib.deflate);
// From Node 20.15 on.
const crc32 = (zlib.crc32 as typeof zlib.crc32 | undefined) ?? slowCrc32;

/**
 * Encodes a label map as a PNG of 8 bits whose samples are the class numbers themselves: with a palette, viewers show
 * the classes in colour; without one, it is a grey picture. (sharp writes palettes too, but chooses the indices.)
 * Compressed on libuv's threads.
 *
 * @param labels - class numbers, `[H, W]` flattened, each with a colour in `palette` if there is one.
 * @see https://www.w3.org/TR/png-3/
 */
export async function encodeLabelPng(
  labels: Uint8Array,
  size: Size,
  palette?: readonly Rgb[],
): Promise<Buffer> {
  return assemble(await deflateAsync(toScanlines(labels, size), DEFLATE), size, palette);
}

/**
 * The same on the calling thread, for a thread that has nothing else to do.
 * @returns its bytes, in memory of their own.
 */
export function encodeLabelPngSync(
  kind: LabelPng,
  labels: Uint8Array,
  size: Size,
  palette: readonly Rgb[],
): Uint8Array<ArrayBuffer> {
  const data = zlib.deflateSync(toScanlines(labels, size), DEFLATE);
  return new Uint8Array(assemble(data, size, kind === 'mask' ? palette : undefined));
}

function assemble(data: Uint8Array, { height, width }: Size, palette?: readonly Rgb[]): Buffer {
  const header = new DataView(new ArrayBuffer(13));
  header.setUint32(0, width);
  header.setUint32(4, height);
  header.setUint8(8, 8); // bits a sample
  header.setUint8(9, palette ? COLOR_TYPE.palette : COLOR_TYPE.grey);
  return Buffer.concat([
    SIGNATURE,
    ...chunk('IHDR', new Uint8Array(header.buffer)),
    ...(palette ? chunk('PLTE', Uint8Array.from(palette.flat())) : []),
    ...chunk('IDAT', data),
    ...chunk('IEND', new Uint8Array(0)),
  ]);
}

/** Puts the filter type before every row: 0, none, which suits class numbers best. */
function toScanlines(labels: Uint8Array, { height, width }: Size): Uint8Array {
  const lines = new Uint8Array(labels.length + height);
  for (let y = 0; y < height; y++) {
    lines.set(labels.subarray(y * width, (y + 1) * width), y * (width + 1) + 1);
  }
  return lines;
}

function chunk(type: string, data: Uint8Array): Uint8Array[] {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32BE(crc32(body));
  return [length, body, checksum];
}
