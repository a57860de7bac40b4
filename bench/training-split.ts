import { fileURLToPath } from 'node:url';
import { openDataset } from '../src/data/open-dataset.js';
import type { Dataset } from '../src/data/dataset.js';

/** CamVid's training split, in $SEGPROBE_CAMVID or beside the repository, else sample scenes. */
export async function openTrainingSplit(): Promise<Dataset> {
  const dir =
    process.env['SEGPROBE_CAMVID'] ??
    fileURLToPath(new URL('../../shared/camvid/CamVid', import.meta.url));
  try {
    return await openDataset({ name: 'camvid', dir, split: 'train' });
  } catch {
    return openDataset({ name: 'sample', split: 'train' });
  }
}
