import path from 'node:path';
import { readHashedCheckpoint } from '../../src/export/hashed-checkpoint.js';
import { parseAttackerConfig } from '../../src/train/attacker-config.js';
import type { AttackerState } from '../../src/train/attacker-checkpoint.js';
import type { FrozenCheckpoint } from '../../src/train/attacker-training.js';
import { trainAttacker, type TrainAttackerOptions } from '../../src/train/train-attacker.js';
import { createDrawnDataset } from './datasets.js';
import { createNotes, TINY } from './training.js';

/** Reads the victim of a folder, frozen. */
export async function frozenVictim(folder: string): Promise<FrozenCheckpoint> {
  return { name: path.basename(folder), ...(await readHashedCheckpoint(folder)) };
}

/** Trains a tiny attacker on drawn scenes: a residual one within 8/255 unless told otherwise. */
export function trainTinyAttacker(
  folder: string,
  victim: FrozenCheckpoint,
  own: Partial<Omit<TrainAttackerOptions, 'config'>> & {
    readonly config?: Readonly<Record<string, unknown>>;
  } = {},
): Promise<AttackerState> {
  return trainAttacker({
    folder,
    victim,
    train: createDrawnDataset(5),
    val: createDrawnDataset(2, { split: 'val' }),
    existing: 'refuse',
    cacheDir: path.join(folder, '..', 'cache'),
    observer: createNotes(),
    ...own,
    config: parseAttackerConfig({ ...TINY, model: 'residual', ...own.config }),
  });
}
