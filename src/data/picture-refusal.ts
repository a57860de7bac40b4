import { open } from 'node:fs/promises';
import { SegprobeError, messageOf } from '../shared/errors.js';
import { fromFileError } from './files.js';

/** How files of each format begin, as Latin-1 text; those that are not readable are there to be named. */
const SIGNATURES = [
  { format: 'PNG', pattern: /^\x89PNG\r\n/, readable: true },
  { format: 'JPEG', pattern: /^\xff\xd8\xff/, readable: true },
  { format: 'WebP', pattern: /^RIFF[^]{4}WEBP/, readable: true },
  { format: 'AVIF', pattern: /^[^]{4}ftypavi[fs]/, readable: true },
  { format: 'TIFF', pattern: /^(?:II[*+]\0|MM\0[*+])/, readable: true },
  { format: 'HEIC', pattern: /^[^]{4}ftyp(?:hei|hev|mif1)/, readable: false },
  { format: 'GIF', pattern: /^GIF8/, readable: false },
  { format: 'PDF', pattern: /^%PDF/, readable: false },
  { format: 'BMP', pattern: /^BM[^]{4}\0\0\0\0/, readable: false },
  { format: 'text', pattern: /^[\t\n\r\x20-\x7e]+$/, readable: false },
] as const;

const HEAD_BYTES = 32;

/**
 * Says why a picture could not be decoded, from how it begins.
 *
 * @param input - the bytes or the path that the decoder was given.
 * @param what - names the picture in the message.
 * @param cause - what the decoder threw.
 * @returns `IMAGE_EMPTY`, `IMAGE_UNSUPPORTED` for another format, `IMAGE_UNREADABLE` for a broken picture, or what
 *   the file system says of the path.
 */
export async function refusalOf(
  input: Uint8Array | string,
  what: string,
  cause: unknown,
): Promise<Error> {
  let head;
  try {
    head = typeof input === 'string' ? await readHead(input) : input.subarray(0, HEAD_BYTES);
  } catch (error) {
    return fromFileError(error, what);
  }
  if (head.length === 0) {
    return new SegprobeError('IMAGE_EMPTY', `${what}: expected a picture, got no bytes at all`);
  }
  const text = String.fromCharCode(...head);
  const known = SIGNATURES.find(({ pattern }) => pattern.test(text));
  if (known?.readable) {
    const [reason] = messageOf(cause).split('\n');
    return new SegprobeError(
      'IMAGE_UNREADABLE',
      `${what}: expected a whole ${known.format} picture, got a broken one (${reason})`,
      { cause },
    );
  }
  return new SegprobeError(
    'IMAGE_UNSUPPORTED',
    `${what}: expected a PNG, JPEG, WebP, AVIF or TIFF picture, got ${known?.format ?? 'another format'}`,
    { cause },
  );
}

async function readHead(path: string): Promise<Uint8Array> {
  const handle = await open(path);
  try {
    const { buffer, bytesRead } = await handle.read(new Uint8Array(HEAD_BYTES), 0, HEAD_BYTES, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}
