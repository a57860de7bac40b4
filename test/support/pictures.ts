import { deflateSync } from 'node:zlib';
import { crc32 } from '../../src/data/indexed-png.js';

const COLOR_TYPES = { grey: 0, rgb: 2, palette: 3, greyAlpha: 4, rgba: 6 } as const;
const CHANNELS = { grey: 1, rgb: 3, palette: 1, greyAlpha: 2, rgba: 4 } as const;
/** Adam7: where each pass starts and how far it steps. */
const PASSES = [
  { x: 0, y: 0, dx: 8, dy: 8 },
  { x: 4, y: 0, dx: 8, dy: 8 },
  { x: 0, y: 4, dx: 4, dy: 8 },
  { x: 2, y: 0, dx: 4, dy: 4 },
  { x: 0, y: 2, dx: 2, dy: 4 },
  { x: 1, y: 0, dx: 2, dy: 2 },
  { x: 0, y: 1, dx: 1, dy: 2 },
];

export interface PngPicture {
  readonly width: number;
  readonly height: number;
  readonly kind: keyof typeof COLOR_TYPES;
  readonly bits?: 1 | 2 | 4 | 8 | 16;
  readonly interlaced?: boolean;
  /** The palette's colours; by default one grey a class, unlike its index. */
  readonly palette?: readonly (readonly [number, number, number])[];
  /** Chunks to put before the pixels, by type. */
  readonly chunks?: Readonly<Record<string, Uint8Array>>;
  /** The sample of channel `c` at `(x, y)`. */
  readonly at: (x: number, y: number, c: number) => number;
}

/** Writes a PNG of any colour type, bit by bit as the specification says, with no library that decodes it later. */
export function encodePng(picture: PngPicture): Uint8Array {
  const { width, height, kind, bits = 8, interlaced = false, chunks = {} } = picture;
  const header = new Uint8Array(13);
  new DataView(header.buffer).setUint32(0, width);
  new DataView(header.buffer).setUint32(4, height);
  header.set([bits, COLOR_TYPES[kind], 0, 0, interlaced ? 1 : 0], 8);
  const greys = Array.from({ length: Math.min(2 ** bits, 256) }, (_, i) => [250 - i, 7, i]);
  const passes = interlaced ? PASSES : [{ x: 0, y: 0, dx: 1, dy: 1 }];
  const rows: number[] = [];
  for (const pass of passes) {
    if (pass.x >= width) continue;
    for (let y = pass.y; y < height; y += pass.dy) rows.push(0, ...packRow(picture, y, pass));
  }
  return Buffer.concat([
    Uint8Array.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', header),
    ...(kind === 'palette'
      ? [chunk('PLTE', Uint8Array.from((picture.palette ?? greys).flat()))]
      : []),
    ...Object.entries(chunks).map(([type, data]) => chunk(type, data)),
    chunk('IDAT', deflateSync(Uint8Array.from(rows))),
    chunk('IEND', new Uint8Array()),
  ]);
}

/** A greyscale label of 8 bits whose rows are `rows`. */
export function encodeLabel(rows: readonly (readonly number[])[]): Uint8Array {
  return encodePng({
    width: rows[0]!.length,
    height: rows.length,
    kind: 'grey',
    at: (x, y) => rows[y]![x]!,
  });
}

/** An RGB picture of one colour. */
export function encodeFlat(width: number, height: number, color: readonly number[]): Uint8Array {
  return encodePng({ width, height, kind: 'rgb', at: (_x, _y, c) => color[c]! });
}

/** A whole PNG of 1-bit black, quickly made of any size. */
export function encodeBlank(width: number, height: number): Uint8Array {
  const bytes = Buffer.from(encodePng({ width, height: 0, kind: 'grey', bits: 1, at: () => 0 }));
  const rows = deflateSync(new Uint8Array(height * (1 + Math.ceil(width / 8))));
  const header = bytes.subarray(0, 33);
  header.writeUInt32BE(height, 20);
  header.writeUInt32BE(crc32(header.subarray(12, 29)), 29);
  return Buffer.concat([header, chunk('IDAT', rows), chunk('IEND', new Uint8Array())]);
}

/** A PNG that claims a size and holds next to nothing. */
export function encodeClaim(width: number, height: number): Uint8Array {
  const bytes = Buffer.from(encodeFlat(1, 1, [0, 0, 0]));
  bytes.writeUInt32BE(width, 16);
  bytes.writeUInt32BE(height, 20);
  bytes.writeUInt32BE(crc32(bytes.subarray(12, 29)), 29);
  return bytes;
}

function packRow(
  { width, kind, bits = 8, at }: PngPicture,
  y: number,
  pass: { readonly x: number; readonly dx: number },
): number[] {
  let packed = '';
  for (let x = pass.x; x < width; x += pass.dx) {
    for (let c = 0; c < CHANNELS[kind]; c++) packed += at(x, y, c).toString(2).padStart(bits, '0');
  }
  packed = packed.padEnd(Math.ceil(packed.length / 8) * 8, '0');
  return Array.from({ length: packed.length / 8 }, (_, i) =>
    Number.parseInt(packed.slice(8 * i, 8 * i + 8), 2),
  );
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  const bytes = Buffer.alloc(12 + data.length);
  bytes.writeUInt32BE(data.length, 0);
  bytes.write(type, 4, 'latin1');
  bytes.set(data, 8);
  bytes.writeUInt32BE(crc32(bytes.subarray(4, -4)), 8 + data.length);
  return bytes;
}
