import { createHash } from 'node:crypto';
import path from 'node:path';
import { SegprobeError } from '../shared/errors.js';
import { SPLITS, type Split } from './dataset.js';
import {
  LABEL_ENDINGS,
  namesIn,
  PICTURE_ENDINGS,
  sceneFilesIfThere,
  sceneFilesIn,
} from './scene-files.js';
import { findUnlisted, listScenes, readListIfThere } from './scene-list.js';
import { pairByStem, stemOf, type SceneFiles } from './scene-pairs.js';
import type { SplitListing } from './split-listing.js';

/** The share of val where a folder does not say which pictures are which split's. */
const VAL_SHARE = 0.2;

/** How the scenes of a folder are split. */
export interface FolderSplits {
  readonly names: readonly Split[];
  /** A label to see from what labels hold; undefined where there is none. */
  readonly firstLabel: string | undefined;
  /** @throws SegprobeError `DATASET_INVALID` for a split that is not there. */
  list(split: Split): Promise<SplitListing>;
}

/** Pictures and labels of one place. */
interface Scenes {
  readonly pictures: SceneFiles;
  readonly labels: SceneFiles;
}

/**
 * Finds out how a folder is split: by subfolders (`images/train`, `labels/train`, `images/val`, …); or by lists of stems,
 * `train.txt`, `val.txt`, `test.txt`; or, where there is neither, by each stem's own hash: about a fifth of the pictures are
 * val, the same ones always, the others train.
 *
 * @param dir - the folder that holds `images/` and `labels/`.
 * @throws SegprobeError `FILE_NOT_FOUND` for a folder that is missing.
 */
export async function findFolderSplits(dir: string): Promise<FolderSplits> {
  const [pictureDir, labelDir] = [path.join(dir, 'images'), path.join(dir, 'labels')];
  const inPictures = await namesIn(pictureDir);
  const folders = SPLITS.filter((split) => inPictures.includes(split));
  if (folders.length > 0) return bySubfolders(dir, folders);
  const scenes = {
    pictures: await sceneFilesIn(pictureDir, PICTURE_ENDINGS),
    labels: await sceneFilesIn(labelDir, LABEL_ENDINGS),
  };
  const lists = new Map<Split, string>();
  for (const split of SPLITS) {
    const text = await readListIfThere(listPathOf(dir, split));
    if (text !== undefined) lists.set(split, text);
  }
  return lists.size > 0 ? byLists(dir, lists, scenes) : byHash(scenes);
}

async function bySubfolders(dir: string, names: readonly Split[]): Promise<FolderSplits> {
  const [pictureDir, labelDir] = [path.join(dir, 'images'), path.join(dir, 'labels')];
  const firstLabels = await sceneFilesIfThere(path.join(labelDir, names[0]!), LABEL_ENDINGS);
  return {
    names,
    firstLabel: firstLabels.files[0]?.file,
    list: async (split) => {
      assertSplit(split, names, `${pictureDir}/train, val, test`);
      return pairByStem(
        await sceneFilesIn(path.join(pictureDir, split), PICTURE_ENDINGS),
        await sceneFilesIn(path.join(labelDir, split), LABEL_ENDINGS),
      );
    },
  };
}

function byLists(
  dir: string,
  lists: ReadonlyMap<Split, string>,
  { pictures, labels }: Scenes,
): FolderSplits {
  const names = [...lists.keys()];
  const listOne = (split: Split): Promise<SplitListing> =>
    listScenes({
      text: lists.get(split)!,
      listPath: listPathOf(dir, split),
      dir,
      pictures,
      labels,
    });
  return {
    names,
    firstLabel: labels.files[0]?.file,
    list: async (split) => {
      assertSplit(split, names, `${dir}/train.txt, val.txt, test.txt`);
      const listing = await listOne(split);
      if (split !== names[0]) return listing;
      // What no list names is told once, with the first.
      const all = (await Promise.all(names.map(listOne))).flatMap(({ pairs }) => pairs);
      const which = names.map((name) => `${name}.txt`).join(', ');
      const unlisted = [pictures, labels].flatMap((files) => findUnlisted(files, all, which));
      return { ...listing, faults: [...listing.faults, ...unlisted] };
    },
  };
}

function byHash({ pictures, labels }: Scenes): FolderSplits {
  const { pairs, faults } = pairByStem(pictures, labels);
  const inVal = pickVal([...new Set([...pictures.files, ...labels.files].map(({ stem }) => stem))]);
  return {
    names: ['train', 'val'],
    firstLabel: labels.files[0]?.file,
    list: async (split) => {
      assertSplit(split, ['train', 'val'], 'a fifth of the pictures as val, the others as train');
      const isHere = (stem: string): boolean => inVal.has(stem) === (split === 'val');
      return Promise.resolve({
        pairs: pairs.filter(({ name }) => isHere(name)),
        faults: faults.filter(({ kind, file }) => kind === 'empty' || isHere(stemOf(file))),
      });
    },
  };
}

/** The stems whose hashes are in the lowest fifth, but neither none nor all of them. */
function pickVal(stems: readonly string[]): ReadonlySet<string> {
  const hashed = stems.map((stem) => ({ stem, share: hashToShare(stem) }));
  hashed.sort((a, b) => a.share - b.share);
  const low = hashed.filter(({ share }) => share < VAL_SHARE).length;
  const count = Math.min(Math.max(low, 1), stems.length - 1);
  return new Set(hashed.slice(0, Math.max(count, 0)).map(({ stem }) => stem));
}

/** A number in 0..1 that the text alone decides. */
function hashToShare(text: string): number {
  return createHash('sha256').update(text).digest().readUInt32BE() / 2 ** 32;
}

function listPathOf(dir: string, split: Split): string {
  return path.join(dir, `${split}.txt`);
}

function assertSplit(split: Split, names: readonly Split[], places: string): void {
  if (names.includes(split)) return;
  throw new SegprobeError(
    'DATASET_INVALID',
    `expected a split that the folder has (${names.join(', ')}, by ${places}), got ${split}`,
  );
}
