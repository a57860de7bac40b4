import path from 'node:path';
import { hasCheckpoint, readCheckpoint, weightsFileOf } from './checkpoint.js';
import { trainVictim, type TrainOptions } from './train.js';
import type { TrainState } from './train-state.js';

/** The folder of the checkpoint of the encoder that is trained before the network of `folder`. */
export function encoderFolderOf(folder: string): string {
  return path.join(path.dirname(folder), `${path.basename(folder)}-encoder`);
}

/**
 * Trains a network as its configuration says: at once, or as the paper does, the encoder first, on one label in 8×8, as a
 * checkpoint of its own beside (`NAME-encoder`), and then the whole, from the encoder's best weights. Either part is
 * resumed where it stands.
 *
 * @param options - `onPart` is told before each part which one begins.
 * @returns the state of the whole network after its last epoch.
 * @throws as {@link trainVictim}.
 * @see arXiv:1606.02147, section 5.1
 */
export async function trainInParts(
  options: TrainOptions & { readonly onPart?: (part: 'encoder' | 'whole') => void },
): Promise<TrainState> {
  const { config, folder, existing, onPart } = options;
  const isUnderWay = existing === 'resume' && hasCheckpoint(folder);
  if (!config.encoderFirst || isUnderWay) return trainVictim(options);
  const encoderFolder = encoderFolderOf(folder);
  onPart?.('encoder');
  await trainVictim({
    ...options,
    folder: encoderFolder,
    config: { ...config, model: 'enet-encoder' },
    existing: existing === 'resume' && !hasCheckpoint(encoderFolder) ? 'refuse' : existing,
  });
  const { weights } = await readCheckpoint(encoderFolder);
  onPart?.('whole');
  return trainVictim({
    ...options,
    existing: existing === 'resume' ? 'refuse' : existing,
    encoder: { weights, file: weightsFileOf(encoderFolder) },
  });
}
