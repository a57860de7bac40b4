import type { Rgb } from '../../shared/classes.js';
import { crc32 } from '../../shared/crc32.js';
import type { Size } from '../../shared/size.js';

const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
const PALETTE = 3;

/**
 * Encodes a label map as a PNG of 8 bits whose samples are the class numbers themselves, with the classes' colours as its
 * palette: what the service gives as `mask`.
 *
 * @param labels - class numbers, `[H, W]` flattened, each with a colour in `palette`.
 * @see https://www.w3.org/TR/png-3/
 */
export async function encodePalettePng(
  labels: Uint8Array,
  { height, width }: Size,
  palette: readonly Rgb[],
): Promise<Blob> {
  const header = new DataView(new ArrayBuffer(13));
  header.setUint32(0, width);
  header.setUint32(4, height);
  header.setUint8(8, 8); // bits a sample
  header.setUint8(9, PALETTE);
  return new Blob(
    [
      SIGNATURE,
      chunk('IHDR', new Uint8Array(header.buffer)),
      chunk('PLTE', Uint8Array.from(palette.flat())),
      chunk('IDAT', await deflate(toScanlines(labels, width))),
      chunk('IEND', new Uint8Array(0)),
    ],
    { type: 'image/png' },
  );
}

/** Puts the filter type before every row: 0, none, which suits class numbers best. */
function toScanlines(labels: Uint8Array, width: number): Uint8Array<ArrayBuffer> {
  const height = labels.length / width;
  const lines = new Uint8Array(labels.length + height);
  for (let y = 0; y < height; y++) {
    lines.set(labels.subarray(y * width, (y + 1) * width), y * (width + 1) + 1);
  }
  return lines;
}

async function deflate(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream('deflate'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

function chunk(type: string, data: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(12 + data.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, data.length);
  bytes.set(new TextEncoder().encode(type), 4);
  bytes.set(data, 8);
  view.setUint32(8 + data.length, crc32(bytes.subarray(4, 8 + data.length)));
  return bytes;
}
