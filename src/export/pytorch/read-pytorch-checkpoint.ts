import { readArchiveForm } from './archive-form.js';
import { refuse } from './refuse.js';
import { readStreamForm } from './stream-form.js';
import type { PyTorchValue } from './value.js';

/** How each form begins: a zip file's first entry, and any binary pickle. */
const ZIP_START = [0x50, 0x4b, 3, 4];
const PICKLE_START = [0x80];

/**
 * Reads a checkpoint that `torch.save` wrote, in the zip form of PyTorch 1.6 and later or in the stream form before, without
 * PyTorch and without running anything in it: only tensors and plain data are built, in time and memory that the file's size
 * bounds.
 *
 * @param what - names the file in messages.
 * @throws SegprobeError `FILE_INVALID` for damaged files, and for objects other than tensors and plain data.
 */
export function readPyTorchCheckpoint(bytes: Uint8Array, what: string): PyTorchValue {
  const begins = (start: readonly number[]): boolean => start.every((byte, i) => bytes[i] === byte);
  if (begins(ZIP_START)) return readArchiveForm(bytes, what);
  if (begins(PICKLE_START)) return readStreamForm(bytes, what);
  refuse(what, 'a checkpoint that torch.save wrote', 'other bytes');
}
