import { stat } from 'node:fs/promises';
import { fromFileError, readFileWhole } from '../../data/files.js';
import { SegprobeError } from '../../shared/errors.js';
import { sha256Of } from '../../train/sha256.js';
import type { NamedTensors } from '../../train/packing.js';
import {
  isDictionary,
  type PyTorchKey,
  type PyTorchValue,
  readPyTorchCheckpoint,
  stateDictOf,
} from '../pytorch/index.js';

/** ENet's checkpoints have 2 to 5 MB; whatever is much larger is none. */
const MAX_FILE_BYTES = 256 << 20;

/** What PyTorch-ENet keeps in a checkpoint, as far as the file has it. */
export interface PyTorchFile {
  readonly sha256: string;
  readonly tensors: NamedTensors;
  readonly optimizer: PyTorchValue | undefined;
  /** Epochs that are complete; null where the file does not say. */
  readonly epoch: number | null;
  /** The best mean IoU on val, 0..1, as the ancestor measures it; null where the file does not say. */
  readonly miou: number | null;
}

/**
 * Reads a checkpoint of PyTorch: a state dict, or a dictionary with `state_dict`, `optimizer`, `epoch` and `miou`.
 *
 * @throws SegprobeError `FILE_NOT_FOUND`, `FILE_INVALID`.
 */
export async function readPyTorchFile(file: string): Promise<PyTorchFile> {
  await assertReadable(file);
  const bytes = await readFileWhole(file);
  const value = readPyTorchCheckpoint(bytes, file);
  const entries: ReadonlyMap<PyTorchKey, PyTorchValue> = isDictionary(value) ? value : new Map();
  const [epoch, miou] = [entries.get('epoch'), entries.get('miou')];
  return {
    sha256: sha256Of(bytes),
    tensors: stateDictOf(value, file),
    optimizer: entries.get('optimizer'),
    epoch: Number.isSafeInteger(epoch) && (epoch as number) >= 0 ? (epoch as number) : null,
    miou: typeof miou === 'number' && miou >= 0 && miou <= 1 ? miou : null,
  };
}

async function assertReadable(file: string): Promise<void> {
  const { size } = await stat(file).catch((error: unknown) => {
    throw fromFileError(error, file);
  });
  if (size <= MAX_FILE_BYTES) return;
  throw new SegprobeError(
    'FILE_INVALID',
    `${file}: expected a checkpoint of at most ${MAX_FILE_BYTES >> 20} MiB, got ${size >> 20}`,
  );
}
