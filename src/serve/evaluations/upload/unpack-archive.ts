import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import yauzl from 'yauzl';
import { SPLITS, type Split } from '../../../data/dataset.js';
import { fromFileError } from '../../../data/files.js';
import { SegprobeError, isSegprobeError, messageOf } from '../../../shared/errors.js';
import type { UploadLimits } from './limits.js';

const KINDS = ['images', 'labels'] as const;
const CLASSES = 'classes.json';
const MAX_CLASSES_BYTES = 2 ** 20;
/** The name of a file that is made: no folder, no other drive, no hidden file. */
const FILE_NAME = /^[^./\\:\0][^/\\:\0]{0,199}$/;
const LISTS: readonly string[] = SPLITS.map((split) => `${split}.txt`);
const SYMBOLIC_LINK = 0o120_000;
const FILE_TYPE = 0o170_000;

/** A file of the archive, and where it goes. */
interface Member {
  readonly entry: yauzl.Entry;
  readonly at: { readonly kind: (typeof KINDS)[number]; readonly split: Split | null } | null;
  readonly name: string;
}

/**
 * Unpacks a zip of pictures and labels as a data set of the layout `folder`: `images/`, `labels/`, each perhaps with subfolders
 * `train`, `val`, `test`, and perhaps `classes.json`; all of it perhaps inside one folder. Whatever else is in there is passed over.
 * Names decide nothing but the last part of a path: no file is written outside.
 *
 * @param split - what pictures without subfolders are.
 * @returns whether the archive has a `classes.json`.
 * @throws SegprobeError `ARCHIVE_INVALID` for what is no such archive, `BODY_TOO_LARGE` for one beyond the limits.
 */
export async function unpackArchive(
  file: string,
  folder: string,
  { split, limits }: { readonly split: Split; readonly limits: UploadLimits },
): Promise<{ readonly hasClasses: boolean }> {
  let zip: yauzl.ZipFile | undefined;
  try {
    zip = await yauzl.openPromise(file, { lazyEntries: true, autoClose: false });
    const members = await readMembers(zip, limits);
    for (const kind of KINDS) {
      for (const own of SPLITS) await mkdir(path.join(folder, kind, own), { recursive: true });
    }
    for (const { entry, at, name } of members) {
      const target = at === null ? name : path.join(at.kind, at.split ?? split, name);
      const source = await zip.openReadStreamPromise(entry);
      await pipeline(source, createWriteStream(path.join(folder, target), { flags: 'wx' }));
    }
    return { hasClasses: members.some(({ at }) => at === null) };
  } catch (error) {
    throw toRefusal(error);
  } finally {
    zip?.close();
  }
}

async function readMembers(zip: yauzl.ZipFile, limits: UploadLimits): Promise<Member[]> {
  if (zip.entryCount > limits.maxFiles) {
    throw tooLarge(`at most ${limits.maxFiles} files in the archive`, String(zip.entryCount));
  }
  const members: Member[] = [];
  let bytes = 0;
  for await (const entry of zip.eachEntry()) {
    const member = toMember(entry);
    if (member === null) continue;
    const { fileName, uncompressedSize, compressedSize } = entry;
    bytes += uncompressedSize;
    if (bytes > limits.maxUnpackedBytes) {
      throw tooLarge(`at most ${limits.maxUnpackedBytes} bytes unpacked`, 'more');
    }
    if (
      uncompressedSize > MAX_CLASSES_BYTES &&
      uncompressedSize > limits.maxRatio * compressedSize
    ) {
      throw tooLarge(`files packed to no less than 1/${limits.maxRatio}`, show(fileName));
    }
    if (member.at === null && uncompressedSize > MAX_CLASSES_BYTES) {
      throw tooLarge(
        `a ${CLASSES} of at most ${MAX_CLASSES_BYTES} bytes`,
        String(uncompressedSize),
      );
    }
    members.push(member);
  }
  if (members.every(({ at }) => at === null)) {
    throw invalid('expected images/ and labels/ in the archive, got neither');
  }
  const isSplit = members.some(({ at }) => at !== null && at.split !== null);
  const loose = members.find(({ at }) => at !== null && at.split === null);
  if (isSplit && loose !== undefined) {
    throw invalid(
      `expected all pictures in images/train, val, test or none, got ${show(loose.entry.fileName)} beside them`,
    );
  }
  return members;
}

/** What an entry is; null for a folder and for what is passed over. */
function toMember(entry: yauzl.Entry): Member | null {
  const parts = entry.fileName.split('/');
  const known: readonly string[] = [...KINDS, CLASSES, ...LISTS];
  const own = known.includes(parts[0]!) ? parts : parts.slice(1);
  const name = own.at(-1);
  if (name === undefined || name === '' || name.startsWith('.')) return null;
  if (own.length === 1 && LISTS.includes(name)) {
    throw invalid(`expected splits as subfolders of images/ and labels/, got ${show(name)}`);
  }
  const kind = KINDS.find((one) => one === own[0]);
  const split = SPLITS.find((one) => one === own[1]) ?? null;
  const isScene = kind !== undefined && own.length === (split === null ? 2 : 3);
  if (!isScene && !(own.length === 1 && name === CLASSES)) return null;
  const type = (entry.externalFileAttributes >>> 16) & FILE_TYPE;
  if (!FILE_NAME.test(name) || type === SYMBOLIC_LINK || entry.isEncrypted()) {
    const found =
      type === SYMBOLIC_LINK ? 'a link' : entry.isEncrypted() ? 'an encrypted one' : 'it';
    throw invalid(`expected plain files of plain names, got ${show(entry.fileName)}, ${found}`);
  }
  return { entry, name, at: isScene ? { kind, split } : null };
}

function toRefusal(error: unknown): Error {
  if (isSegprobeError(error)) return error;
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'EEXIST') {
    return invalid(
      `expected each file once, got ${show(path.basename(pathOf(error)))} twice`,
      error,
    );
  }
  // What zlib and yauzl refuse; the disk's own refusals have a system call.
  if ((error as NodeJS.ErrnoException).syscall !== undefined) {
    return fromFileError(error, 'the upload');
  }
  return invalid(`expected a whole zip archive, got a broken one (${messageOf(error)})`, error);
}

function pathOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).path ?? '';
}

function invalid(message: string, cause?: unknown): SegprobeError {
  return new SegprobeError('ARCHIVE_INVALID', message, { cause });
}

function tooLarge(expected: string, found: string): SegprobeError {
  return new SegprobeError('BODY_TOO_LARGE', `expected ${expected}, got ${found}`);
}

function show(name: string): string {
  return JSON.stringify(name).slice(0, 200);
}
