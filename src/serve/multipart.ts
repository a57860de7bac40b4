import { setImmediate as nextTurn } from 'node:timers/promises';
import { Busboy } from '@fastify/busboy';
import type { BusboyInstance } from '@fastify/busboy';
import { SegprobeError, messageOf } from '../shared/errors.js';

/** A part that holds a file. */
export interface FilePart {
  /** The form field's name. */
  readonly field: string;
  /** What the client calls the file, without folders; empty if it does not say. */
  readonly filename: string;
  readonly bytes: Buffer;
}

/** What a multipart body holds. */
export interface MultipartBody {
  readonly files: readonly FilePart[];
  /** The names of all parts, files or not, in order. */
  readonly fields: readonly string[];
}

/** A part of one of these names is a file, whether or not the client names one. */
const FILE_FIELDS = ['image', 'label'];
const MAX_TEXT_PARTS = 64;
const MAX_FIELD_BYTES = 64 * 1024;
/** Parsed between two turns of the event loop. */
const SLICE_BYTES = 2 ** 20;

/**
 * Takes a multipart/form-data body apart.
 *
 * @param contentType - the header, with the boundary.
 * @throws SegprobeError `INVALID_REQUEST` for a body that is malformed or ends early, `BODY_TOO_LARGE` for more than
 *   `maxFiles` files.
 */
export async function parseMultipart(
  body: Buffer,
  contentType: string,
  maxFiles: number,
): Promise<MultipartBody> {
  const files: FilePart[] = [];
  const fields: string[] = [];
  let fault: SegprobeError | undefined;
  const parser = createParser(contentType, maxFiles);
  const done = new Promise<void>((resolve) => {
    const fail = (error: unknown): void => {
      fault ??= malformed(error);
      resolve();
    };
    parser.on('error', fail);
    parser.on('finish', resolve);
    parser.on('filesLimit', () => {
      fault ??= new SegprobeError(
        'BODY_TOO_LARGE',
        `expected at most ${maxFiles} pictures in a request, got more`,
      );
    });
    parser.on('field', (field) => fields.push(field));
    // The typings promise names that a part need not have.
    parser.on('file', (field: string | undefined, stream, filename: string | undefined) => {
      const chunks: Buffer[] = [];
      const index = files.push({ field: field ?? '', filename: filename ?? '', bytes: EMPTY }) - 1;
      fields.push(field ?? '');
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => (files[index] = { ...files[index]!, bytes: Buffer.concat(chunks) }));
      stream.on('error', fail);
    });
  });
  for (let at = 0; at < body.length && fault === undefined; at += SLICE_BYTES) {
    parser.write(body.subarray(at, at + SLICE_BYTES));
    await nextTurn();
  }
  parser.end();
  await done;
  if (fault !== undefined) throw fault;
  return { files, fields };
}

const EMPTY = Buffer.alloc(0);

function createParser(contentType: string, maxFiles: number): BusboyInstance {
  try {
    return new Busboy({
      headers: { 'content-type': contentType },
      limits: { files: maxFiles, fields: MAX_TEXT_PARTS, fieldSize: MAX_FIELD_BYTES },
      isPartAFile: (field, _type, filename) =>
        filename !== undefined || FILE_FIELDS.includes(field ?? ''),
    });
  } catch (cause) {
    throw malformed(cause);
  }
}

function malformed(cause: unknown): SegprobeError {
  return new SegprobeError(
    'INVALID_REQUEST',
    `expected a whole multipart/form-data body, got a malformed one (${messageOf(cause)})`,
    { cause },
  );
}
