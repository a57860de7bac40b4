import { createHash, type Hash } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Busboy } from '@fastify/busboy';
import { PICTURE_ENDINGS } from '../../../data/scene-files.js';
import { fromFileError } from '../../../data/files.js';
import { SegprobeError, isSegprobeError, messageOf } from '../../../shared/errors.js';
import type { UploadLimits } from './limits.js';

/** What was received. */
export interface Received {
  /** The form's own fields. */
  readonly fields: Readonly<Record<string, string>>;
  /** A zip, or pictures and labels as such. */
  readonly kind: 'archive' | 'pictures';
  /** A digest of all of it, for idempotency. */
  readonly digest: string;
}

/** Where an archive is kept until it is unpacked. */
export const ARCHIVE = 'archive.zip';
const MAX_FIELDS = 16;
const MAX_FIELD_BYTES = 1000;

/**
 * Streams a zip to `folder`. What comes after a refusal is thrown away unread, so that the answer reaches its client.
 * @throws SegprobeError `BODY_TOO_LARGE`, `CANCELLED` if the client goes, `DISK_FULL`.
 */
export async function receiveArchive(
  request: IncomingMessage,
  folder: string,
  limits: UploadLimits,
): Promise<Received> {
  const hash = createHash('sha256');
  const file = createWriteStream(path.join(folder, ARCHIVE), { flags: 'wx' });
  const failed = rejectionOf(file, 'error');
  try {
    await eachChunk(request, limits.maxBytes, async (chunk) => {
      hash.update(chunk);
      if (!file.write(chunk)) await Promise.race([once(file, 'drain'), failed]);
    });
    file.end();
    await Promise.race([once(file, 'close'), failed]);
  } catch (error) {
    file.destroy();
    throw fromFileError(error, 'the upload');
  }
  return { fields: {}, kind: 'archive', digest: hash.digest('hex') };
}

/**
 * Streams a form to `folder`: one file `archive`, or as many `image`s as `label`s, which belong together in their order.
 * @throws SegprobeError `INVALID_REQUEST` for another form, and as {@link receiveArchive}.
 */
export async function receiveForm(
  request: IncomingMessage,
  folder: string,
  limits: UploadLimits,
): Promise<Received> {
  for (const kind of ['images', 'labels']) await mkdir(path.join(folder, kind));
  const form = createForm(request, folder, limits);
  try {
    await eachChunk(request, limits.maxBytes, async (chunk) => {
      if (!form.parser.write(chunk)) {
        await Promise.race([once(form.parser, 'drain'), form.failed]);
      }
    });
    const parsed = once(form.parser, 'finish');
    form.parser.end();
    await Promise.race([parsed, form.failed]);
    await Promise.race([Promise.all(form.writes), form.failed]);
  } catch (error) {
    for (const part of form.parts) part.destroy();
    await Promise.allSettled(form.writes);
    throw fromFileError(error, 'the upload');
  }
  const { archive, image, label } = form.counts;
  if (archive > 1 || (archive === 1) === image + label > 0 || image !== label) {
    throw new SegprobeError(
      'INVALID_REQUEST',
      `expected one part "archive", or as many parts "image" as "label", got ${archive}, ${image} and ${label}`,
    );
  }
  const hash = createHash('sha256').update(JSON.stringify(form.fields));
  for (const own of form.hashes) hash.update(own.digest());
  const kind = archive === 1 ? 'archive' : 'pictures';
  return { fields: form.fields, kind, digest: hash.digest('hex') };
}

interface Form {
  readonly parser: InstanceType<typeof Busboy>;
  readonly fields: Record<string, string>;
  readonly counts: Record<'archive' | 'image' | 'label', number>;
  /** The files' own streams, their writing, and their digests, in their order. */
  readonly parts: Readable[];
  readonly writes: Promise<void>[];
  readonly hashes: Hash[];
  /** Rejects with what is wrong first. */
  readonly failed: Promise<never>;
}

function createForm(request: IncomingMessage, folder: string, limits: UploadLimits): Form {
  const parser = createParser(request.headers['content-type'] ?? '', limits);
  let fail!: (error: unknown) => void;
  const failed = new Promise<never>((_resolve, reject) => (fail = reject));
  failed.catch(() => undefined);
  const form: Form = {
    ...{ parser, failed, fields: {}, counts: { archive: 0, image: 0, label: 0 } },
    ...{ parts: [], writes: [], hashes: [] },
  };
  parser.on('error', (error) => fail(malformed(error)));
  parser.on('filesLimit', () =>
    fail(
      new SegprobeError('BODY_TOO_LARGE', `expected at most ${limits.maxFiles} files, got more`),
    ),
  );
  parser.on('field', (field, value) => {
    if (field in form.fields) fail(malformed(`the field ${JSON.stringify(field)} twice`));
    form.fields[field] = value;
  });
  parser.on('file', (field: string, part: Readable, filename: string | undefined) => {
    form.parts.push(part);
    part.on('error', (error) => fail(malformed(error)));
    const target = targetOf(field, filename ?? '', form.counts);
    if (target === null) {
      part.resume();
      fail(malformed(`a file "${field.slice(0, 100)}", which is none of archive, image and label`));
      return;
    }
    const hash = createHash('sha256').update(target);
    form.hashes.push(hash);
    part.on('data', (chunk: Buffer) => hash.update(chunk));
    const file = createWriteStream(path.join(folder, target), { flags: 'wx' });
    const written = pipeline(part, file);
    written.catch(fail);
    form.writes.push(written);
  });
  return form;
}

/** Where a file of the form goes: pictures by their place, for names may be anything. */
function targetOf(field: string, filename: string, counts: Form['counts']): string | null {
  if (field !== 'archive' && field !== 'image' && field !== 'label') return null;
  const number = String(counts[field]++).padStart(5, '0');
  // More than one is refused when the form is whole.
  if (field === 'archive') return counts.archive === 1 ? ARCHIVE : `${ARCHIVE}-${number}`;
  const ending = path.extname(filename).toLowerCase();
  const known = field === 'image' && PICTURE_ENDINGS.includes(ending) ? ending : '.png';
  return path.join(`${field}s`, `${number}${known}`);
}

function createParser(contentType: string, limits: UploadLimits): InstanceType<typeof Busboy> {
  try {
    return new Busboy({
      headers: { 'content-type': contentType },
      limits: { files: limits.maxFiles, fields: MAX_FIELDS, fieldSize: MAX_FIELD_BYTES },
      isPartAFile: (field, _type, filename) =>
        filename !== undefined || ['archive', 'image', 'label'].includes(field ?? ''),
    });
  } catch (cause) {
    throw malformed(cause);
  }
}

/** Hands the chunks of a body on, and lets nobody end the request before it is answered. */
async function eachChunk(
  request: IncomingMessage,
  maxBytes: number,
  take: (chunk: Buffer) => Promise<void>,
): Promise<void> {
  let bytes = 0;
  try {
    for await (const chunk of request.iterator({
      destroyOnReturn: false,
    }) as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > maxBytes) {
        throw new SegprobeError('BODY_TOO_LARGE', `expected at most ${maxBytes} bytes, got more`);
      }
      await take(chunk);
    }
  } catch (error) {
    if (request.destroyed && !request.complete && !isSegprobeError(error)) {
      throw new SegprobeError('CANCELLED', 'the client left before its request was whole', {
        cause: error,
      });
    }
    request.resume();
    throw error;
  }
}

function rejectionOf(source: NodeJS.EventEmitter, event: string): Promise<never> {
  const failed = new Promise<never>((_resolve, reject) => source.once(event, reject));
  failed.catch(() => undefined);
  return failed;
}

function malformed(cause: unknown): SegprobeError {
  return new SegprobeError(
    'INVALID_REQUEST',
    `expected a whole multipart/form-data body, got a malformed one (${messageOf(cause)})`,
    { cause },
  );
}
