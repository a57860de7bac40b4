import { readArchiveForm } from './archive-form.js';
import { readStreamForm } from './stream-form.js';
import type { PyTorchValue } from './value.js';

/** How any binary pickle begins; the stream form is pickles from its first byte on. */
const PICKLE_START = 0x80;

/**
 * Reads a checkpoint that `torch.save` wrote, in the zip form of PyTorch 1.6 and later or in the stream form before, without
 * PyTorch and without running anything in it: only tensors and plain data are built, in time and memory that the file's size
 * bounds.
 *
 * @param what - names the file in messages.
 * @throws SegprobeError `FILE_INVALID` for damaged files, and for objects other than tensors and plain data.
 */
export function readPyTorchCheckpoint(bytes: Uint8Array, what: string): PyTorchValue {
  const read = bytes[0] === PICKLE_START ? readStreamForm : readArchiveForm;
  return read(bytes, what);
}
