import { Inflate } from 'fflate';
import { isSegprobeError } from '../../shared/errors.js';
import { crc32 } from '../../shared/crc32.js';
import { quote, refuse } from './refuse.js';

const SIGNATURE = { local: 0x04034b50, central: 0x02014b50, end: 0x06054b50 } as const;
const LOCAL_BYTES = 30;
const CENTRAL_BYTES = 46;
const END_BYTES = 22;
const MAX_COMMENT_BYTES = 0xffff;
const ENCRYPTED = 1;
const METHOD = { stored: 0, deflated: 8 } as const;
/** PyTorch stores; files packed again deflate weights by a few percent and pickles, which are small, by ten times. */
const MAX_EXPANSION = 4;
const EXPANSION_SLACK = 1 << 20;
/** Deflate gives at most 1032 bytes for one: so much can come before a liar is noticed. */
const INFLATE_STEP = 4096;

interface Entry {
  readonly name: string;
  readonly method: number;
  readonly crc: number;
  readonly packedSize: number;
  readonly size: number;
  readonly localOffset: number;
}

/**
 * Reads all entries of a zip file. Its directory is read here, since fflate checks neither CRC nor sizes; fflate
 * inflates.
 *
 * @param what - names the file in messages.
 * @returns contents by name; views of `bytes` where they are stored.
 * @throws SegprobeError `FILE_INVALID` for what is no whole zip file, for a damaged entry, and for one that unpacks to
 * much more than the file.
 * @see https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
 */
export function readZip(bytes: Uint8Array, what: string): Map<string, Uint8Array> {
  const entries = readDirectory(bytes, what);
  const sum = (sizes: number[]): number => sizes.reduce((total, size) => total + size, 0);
  const packed = sum(entries.map(({ packedSize }) => packedSize));
  if (packed > bytes.length) {
    refuse(what, `entries of at most ${bytes.length} bytes`, `${packed} (overlapping?)`);
  }
  const size = sum(entries.map((entry) => entry.size));
  const maxSize = MAX_EXPANSION * bytes.length + EXPANSION_SLACK;
  if (size > maxSize) refuse(what, `a file that unpacks to at most ${maxSize} bytes`, `${size}`);
  const contents = new Map<string, Uint8Array>();
  for (const entry of entries) {
    const label = `${what}: entry ${quote(entry.name)}`;
    if (contents.has(entry.name)) refuse(label, 'one entry of this name', 'two');
    const content = readEntry(bytes, entry, label);
    const crc = crc32(content);
    if (crc !== entry.crc) refuse(label, `CRC ${entry.crc}`, `${crc} (damaged?)`);
    contents.set(entry.name, content);
  }
  return contents;
}

function readDirectory(bytes: Uint8Array, what: string): Entry[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = findEnd(view);
  if (end < 0) {
    const isStart = bytes.length >= 4 && view.getUint32(0, true) === SIGNATURE.local;
    refuse(what, 'a whole zip file', isStart ? 'one without an end (truncated?)' : 'other bytes');
  }
  const count = view.getUint16(end + 10, true);
  let at = view.getUint32(end + 16, true);
  if (count === 0xffff || at === 0xffffffff) {
    refuse(what, 'a zip file of less than 65535 entries and 4 GiB', 'a larger one');
  }
  const entries: Entry[] = [];
  for (let i = 0; i < count; i++) {
    if (at + CENTRAL_BYTES > end || view.getUint32(at, true) !== SIGNATURE.central) {
      refuse(what, `a zip directory of ${count} entries`, `a damaged one after ${i}`);
    }
    const nameEnd = at + CENTRAL_BYTES + view.getUint16(at + 28, true);
    const next = nameEnd + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
    if (next > end) refuse(what, `a zip directory of ${count} entries`, `a damaged one at ${i}`);
    const name = new TextDecoder().decode(bytes.subarray(at + CENTRAL_BYTES, nameEnd));
    if (view.getUint16(at + 8, true) & ENCRYPTED) {
      refuse(`${what}: entry ${quote(name)}`, 'a readable entry', 'an encrypted one');
    }
    entries.push({
      name,
      method: view.getUint16(at + 10, true),
      crc: view.getUint32(at + 16, true),
      packedSize: view.getUint32(at + 20, true),
      size: view.getUint32(at + 24, true),
      localOffset: view.getUint32(at + 42, true),
    });
    at = next;
  }
  return entries;
}

/** Where the end record is: the last one whose comment fills the file, or -1. */
function findEnd(view: DataView): number {
  const first = Math.max(0, view.byteLength - END_BYTES - MAX_COMMENT_BYTES);
  for (let at = view.byteLength - END_BYTES; at >= first; at--) {
    if (
      view.getUint32(at, true) === SIGNATURE.end &&
      at + END_BYTES + view.getUint16(at + 20, true) === view.byteLength
    ) {
      return at;
    }
  }
  return -1;
}

function readEntry(bytes: Uint8Array, entry: Entry, label: string): Uint8Array {
  const { localOffset: at, method, packedSize, size } = entry;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (at + LOCAL_BYTES > bytes.length || view.getUint32(at, true) !== SIGNATURE.local) {
    refuse(label, `a local header at byte ${at}`, 'other bytes');
  }
  const start = at + LOCAL_BYTES + view.getUint16(at + 26, true) + view.getUint16(at + 28, true);
  if (start + packedSize > bytes.length) {
    refuse(label, `${packedSize} bytes`, `${Math.max(0, bytes.length - start)} (truncated?)`);
  }
  const packed = bytes.subarray(start, start + packedSize);
  if (method === METHOD.deflated) return inflate(packed, size, label);
  if (method !== METHOD.stored) refuse(label, 'a stored or deflated entry', `method ${method}`);
  if (size !== packedSize) refuse(label, `${size} bytes`, `${packedSize}`);
  return packed;
}

function inflate(packed: Uint8Array, size: number, label: string): Uint8Array {
  const content = new Uint8Array(size);
  let filled = 0;
  const inflater = new Inflate((chunk) => {
    if (filled + chunk.length > size) refuse(label, `${size} unpacked bytes`, 'more');
    content.set(chunk, filled);
    filled += chunk.length;
  });
  try {
    for (let at = 0; at < packed.length; at += INFLATE_STEP) {
      const end = at + INFLATE_STEP;
      inflater.push(packed.subarray(at, end), end >= packed.length);
    }
  } catch (cause) {
    if (isSegprobeError(cause)) throw cause;
    refuse(label, 'deflated bytes', 'damaged ones', cause);
  }
  if (filled !== size) refuse(label, `${size} unpacked bytes`, `${filled}`);
  return content;
}
