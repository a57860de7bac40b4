import { readFileWhole } from '../../data/files.js';
import { isSegprobeError } from '../../shared/errors.js';
import type { TrainConfig } from '../../train/config.js';

/** Ancestors' names of options, ours, and how the text is read. */
const OPTIONS: Readonly<Record<string, readonly [keyof TrainConfig, (text: string) => unknown]>> = {
  dataset: ['dataset', (text) => text.toLowerCase()],
  batch_size: ['batchSize', Number],
  epochs: ['epochs', Number],
  learning_rate: ['learningRate', Number],
  lr_decay: ['lrDecay', Number],
  lr_decay_epochs: ['lrDecayEpochs', Number],
  weight_decay: ['weightDecay', Number],
  height: ['height', Number],
  width: ['width', Number],
  weighing: ['weighing', (text) => text.toLowerCase()],
  ignore_unlabeled: ['withUnlabeled', (text) => text !== 'True'],
};

/** Where PyTorch-ENet writes how a checkpoint was trained: beside it. */
export function ancestorSummaryOf(file: string): string {
  return `${file}_summary.txt`;
}

/**
 * Reads how a checkpoint was trained from what PyTorch-ENet and the Malicious Autoencoder write beside it.
 *
 * @param checkpoint - the epoch and mIoU of the checkpoint, which its summary says as well.
 * @returns the options that have a name of ours; `undefined` where there is no summary, or another checkpoint's.
 * @throws SegprobeError as `readFileWhole`, but for a file that is not there.
 */
export async function readAncestorSummary(
  file: string,
  checkpoint: { readonly epoch: number | null; readonly miou: number | null },
): Promise<Partial<TrainConfig> | undefined> {
  const text = await readIfThere(ancestorSummaryOf(file));
  if (text === undefined) return undefined;
  const lines = [...text.matchAll(/^([\w ]+): (.*)$/gm)];
  const values = new Map(lines.map(([, key, value]) => [key!, value!.trim()]));
  const isOf =
    Number(values.get('Epoch')) === checkpoint.epoch &&
    Number(values.get('Mean IoU')) === checkpoint.miou;
  if (!isOf) return undefined;
  const known = Object.entries(OPTIONS).filter(([key]) => values.has(key));
  return Object.fromEntries(known.map(([key, [own, read]]) => [own, read(values.get(key)!)]));
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return Buffer.from(await readFileWhole(file)).toString('utf8');
  } catch (error) {
    if (isSegprobeError(error, 'FILE_NOT_FOUND')) return undefined;
    throw error;
  }
}
