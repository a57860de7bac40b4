import path from 'node:path';
import { CITYSCAPES } from '../shared/classes.js';
import { SegprobeError } from '../shared/errors.js';
import { CITYSCAPES_IDS, CITYSCAPES_TRAIN_IDS } from './cityscapes-labels.js';
import type { Split } from './dataset.js';
import type { Layout } from './layout.js';
import { describeNames, namesIn, namesInIfThere, splitsIn } from './scene-files.js';
import { listPictures, pairByStem, type SceneFile, type SceneFiles } from './scene-pairs.js';
import type { SplitListing } from './split-listing.js';

const PICTURE = /^(.+)_leftImg8bit\.png$/;
const LABEL = /^(.+)_gtFine_label(?:Ids|TrainIds)\.png$/;
const IDS_ENDING = '_labelIds.png';
const WITHHELD = { test: 'Cityscapes keeps its labels back and scores it on its own server' };

/**
 * Cityscapes as it is downloaded: pictures `leftImg8bit/SPLIT/CITY/STEM_leftImg8bit.png`, labels
 * `gtFine/SPLIT/CITY/STEM_gtFine_labelIds.png`, or `…_labelTrainIds.png` where the first is missing. The two archives may be
 * unzipped in one folder, or each in one of its own name, `leftImg8bit_trainvaltest` and `gtFine_trainvaltest`.
 *
 * @see https://github.com/mcordts/cityscapesScripts
 */
export function cityscapesLayout(dir: string): Layout {
  return {
    name: 'cityscapes',
    classTable: CITYSCAPES,
    defaultSize: { height: 512, width: 1024 },
    withheld: WITHHELD,
    findSplits: async () => splitsIn(await findRoot(dir, 'leftImg8bit'), (split) => [split]),
    listSplit: (split) => listSplit(dir, split),
    codingOf: (label) => (label.endsWith(IDS_ENDING) ? CITYSCAPES_IDS : CITYSCAPES_TRAIN_IDS),
  };
}

async function listSplit(dir: string, split: Split): Promise<SplitListing> {
  const pictures = await filesInCities(await findRoot(dir, 'leftImg8bit'), split, PICTURE);
  if (split in WITHHELD) return listPictures(pictures);
  const labels = await filesInCities(await findRoot(dir, 'gtFine'), split, LABEL);
  return pairByStem(pictures, preferIds(labels));
}

/** Finds `leftImg8bit` or `gtFine`, wherever its archive was unzipped. */
async function findRoot(dir: string, archive: 'leftImg8bit' | 'gtFine'): Promise<string> {
  const places = [archive, path.join(`${archive}_trainvaltest`, archive)];
  for (const place of places) {
    const root = path.join(dir, place);
    if ((await namesInIfThere(root)) !== undefined) return root;
  }
  const found = describeNames(await namesIn(dir));
  throw new SegprobeError(
    'FILE_NOT_FOUND',
    `${dir}: expected the folder ${places.join(' or ')}, got ${found}`,
  );
}

async function filesInCities(root: string, split: Split, pattern: RegExp): Promise<SceneFiles> {
  const where = path.join(root, split);
  const files: SceneFile[] = [];
  for (const city of await namesIn(where)) {
    const folder = path.join(where, city);
    for (const name of (await namesInIfThere(folder)) ?? []) {
      const stem = pattern.exec(name)?.[1];
      if (stem !== undefined) files.push({ stem, file: path.join(folder, name) });
    }
  }
  return { where, files };
}

/** Leaves out train ids where there are ids as well. */
function preferIds({ where, files }: SceneFiles): SceneFiles {
  const isOfIds = ({ file }: SceneFile): boolean => file.endsWith(IDS_ENDING);
  const withIds = new Set(files.filter(isOfIds).map(({ stem }) => stem));
  return { where, files: files.filter((file) => isOfIds(file) || !withIds.has(file.stem)) };
}
