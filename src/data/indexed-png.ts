const SIGNATURE_BYTES = 8;
/** A chunk is length (4), type (4), data, CRC (4). */
const CHUNK_OVERHEAD = 12;
const COLOR_TYPE_OFFSET = 9;
const KEPT = ['IHDR', 'IDAT', 'IEND'];

/**
 * Rewrites a palette PNG as a greyscale PNG whose samples are the palette indices.
 *
 * Both kinds pack their samples alike, so the colour type in the header is all that differs; the palette and what
 * refers to it go. Any decoder then gives the indices: sharp, which would expand the palette to RGB, among them.
 *
 * @param bytes - a PNG of colour type 3, any bit depth, interlaced or not.
 * @throws Error where the chunks do not add up; pixels and checksums are for the decoder to check.
 * @see https://www.w3.org/TR/png-3/#7Scanline
 */
export function toGreyscalePng(bytes: Uint8Array): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const parts = [bytes.subarray(0, SIGNATURE_BYTES)];
  for (let at = SIGNATURE_BYTES; at < bytes.length;) {
    if (at + CHUNK_OVERHEAD > bytes.length) throw new Error('expected a PNG chunk, got the end');
    const length = view.getUint32(at);
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    const end = at + CHUNK_OVERHEAD + length;
    if (end > bytes.length) throw new Error(`expected ${length} bytes of ${type}, got the end`);
    const chunk = bytes.subarray(at, end);
    if (KEPT.includes(type)) parts.push(type === 'IHDR' ? withGreyscale(chunk) : chunk);
    if (type === 'IEND') break;
    at = end;
  }
  return Buffer.concat(parts);
}

function withGreyscale(headerChunk: Uint8Array): Uint8Array {
  const changed = Uint8Array.from(headerChunk);
  changed[8 + COLOR_TYPE_OFFSET] = 0;
  const checksum = crc32(changed.subarray(4, -4));
  new DataView(changed.buffer).setUint32(changed.length - 4, checksum);
  return changed;
}

/**
 * The CRC of PNG and zlib. Bit by bit: for headers. (node:zlib has one from 20.15 on; 20.9 is supported.)
 * @see https://www.w3.org/TR/png-3/#D-CRCAppendix
 */
export function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return ~crc >>> 0;
}
