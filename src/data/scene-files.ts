import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { SegprobeError } from '../shared/errors.js';
import { SPLITS, type Split } from './dataset.js';
import { fromFileError } from './files.js';
import { stemOf, type SceneFiles } from './scene-pairs.js';

export const PICTURE_ENDINGS = ['.png', '.jpg', '.jpeg', '.webp', '.avif', '.tif', '.tiff'];
export const LABEL_ENDINGS = ['.png'];
const NAMED_AT_MOST = 8;
const NO_FOLDER: ReadonlySet<string | undefined> = new Set(['ENOENT', 'ENOTDIR']);

/**
 * Lists the files of a folder that end so; others are passed over, those whose names begin with a dot among them.
 * @throws SegprobeError `FILE_NOT_FOUND` telling what is there instead.
 */
export async function sceneFilesIn(
  folder: string,
  endings: readonly string[],
): Promise<SceneFiles> {
  return pickFiles(folder, await namesIn(folder), endings);
}

/** The same, and no files where there is no such folder. */
export async function sceneFilesIfThere(
  folder: string,
  endings: readonly string[],
): Promise<SceneFiles> {
  return pickFiles(folder, (await namesInIfThere(folder)) ?? [], endings);
}

function pickFiles(
  folder: string,
  names: readonly string[],
  endings: readonly string[],
): SceneFiles {
  const files = names
    .filter((name) => !name.startsWith('.') && endings.includes(path.extname(name).toLowerCase()))
    .map((name) => ({ stem: stemOf(name), file: path.join(folder, name) }));
  return { where: folder, files };
}

/**
 * The names in a folder, sorted by code units.
 * @throws SegprobeError `FILE_NOT_FOUND` telling what is in the nearest folder above that is there.
 */
export async function namesIn(folder: string): Promise<string[]> {
  const names = await namesInIfThere(folder);
  if (names !== undefined) return names;
  throw new SegprobeError(
    'FILE_NOT_FOUND',
    `${folder}: expected a folder, got none of that name; ${await describeNearest(folder)}`,
  );
}

/** The names in a folder, sorted; undefined where there is nothing of its name, or a file. */
export async function namesInIfThere(folder: string): Promise<string[] | undefined> {
  try {
    return (await readdir(folder)).sort();
  } catch (error) {
    if (NO_FOLDER.has((error as NodeJS.ErrnoException).code)) return undefined;
    throw fromFileError(error, folder);
  }
}

/**
 * The splits that a folder holds, each by one of the names that it may have.
 * @throws SegprobeError `FILE_NOT_FOUND` telling what is there where none is.
 */
export async function splitsIn(
  folder: string,
  namesOf: (split: Split) => readonly string[],
): Promise<Split[]> {
  const names = await namesIn(folder);
  const splits = SPLITS.filter((split) => namesOf(split).some((name) => names.includes(name)));
  if (splits.length > 0) return splits;
  const expected = SPLITS.flatMap(namesOf).join(', ');
  throw new SegprobeError(
    'FILE_NOT_FOUND',
    `${folder}: expected one of ${expected}, got ${describeNames(names)}`,
  );
}

/** `/data holds CamVid, README.md`: what a wrong path can be mended by. */
async function describeNearest(folder: string): Promise<string> {
  const parent = path.dirname(folder);
  const names = await namesInIfThere(parent);
  if (names === undefined) return describeNearest(parent);
  return `${parent} holds ${describeNames(names)}`;
}

/** The first few of some names, and how many there are. */
export function describeNames(names: readonly string[]): string {
  if (names.length === 0) return 'nothing';
  const named = names.slice(0, NAMED_AT_MOST).join(', ');
  return names.length > NAMED_AT_MOST ? `${named}, … (${names.length} in all)` : named;
}
