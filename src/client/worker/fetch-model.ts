import { SegprobeError, messageOf } from '../../shared/errors.js';
import type { ModelFile, Progress } from './protocol.js';

/**
 * Fetches a model's file, and checks that it is what the list of models says.
 *
 * @throws SegprobeError `FILE_NOT_FOUND` where it cannot be fetched, `MODEL_INVALID` where it is another.
 */
export async function fetchModel(
  name: string,
  { url, sha256, headers }: ModelFile,
  onProgress: Progress,
): Promise<Uint8Array> {
  onProgress(`Loading ${name}`);
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    const response = await fetch(url, { headers });
    if (!response.ok) throw new Error(`${response.status} ${response.statusText}`.trim());
    bytes = new Uint8Array(await response.arrayBuffer());
  } catch (cause) {
    throw new SegprobeError(
      'FILE_NOT_FOUND',
      `${name}: expected the model at ${url}, got ${messageOf(cause)}`,
      { cause },
    );
  }
  // Only secure pages (https, or this machine) may compute digests.
  const subtle = (crypto as Partial<Crypto>).subtle;
  if (subtle === undefined || sha256 === '') return bytes;
  const digest = new Uint8Array(await subtle.digest('SHA-256', bytes));
  const found = Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
  if (found !== sha256) {
    throw new SegprobeError('MODEL_INVALID', `${name}: expected sha256 ${sha256}, got ${found}`);
  }
  return bytes;
}
