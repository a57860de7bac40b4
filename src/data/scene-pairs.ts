import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { SegprobeError } from '../shared/errors.js';
import { fromFileError } from './files.js';
import type { ScenePair } from './read-scene.js';

const PICTURE_ENDINGS = ['.png', '.jpg', '.jpeg', '.webp', '.avif', '.tif', '.tiff'];
const LABEL_ENDINGS = ['.png'];
const NAMED_AT_MOST = 5;

/**
 * Pairs the pictures of one folder with the labels of another by their stems. Files that are no pictures are passed
 * over.
 *
 * @returns the pairs in the order of their stems' code units.
 * @throws SegprobeError `FILE_NOT_FOUND` for a missing folder; `DATASET_INVALID` for a folder without pictures, for
 *   pictures or labels that lack the other (counted, the first few named), or two files of one stem.
 */
export async function pairByStem(pictureDir: string, labelDir: string): Promise<ScenePair[]> {
  const [pictures, labels] = await Promise.all([
    filesByStem(pictureDir, PICTURE_ENDINGS),
    filesByStem(labelDir, LABEL_ENDINGS),
  ]);
  if (pictures.size === 0) {
    throw new SegprobeError(
      'DATASET_INVALID',
      `${pictureDir}: expected pictures (${PICTURE_ENDINGS.join(', ')}), got none`,
    );
  }
  assertSameStems(pictures, labels, `a label in ${labelDir} for each picture in ${pictureDir}`);
  assertSameStems(labels, pictures, `a picture in ${pictureDir} for each label in ${labelDir}`);
  return [...pictures.keys()].sort().map((name) => ({
    name,
    picture: path.join(pictureDir, pictures.get(name)!),
    label: path.join(labelDir, labels.get(name)!),
  }));
}

/** The part of a file's name before its last dot. */
export function stemOf(filePath: string): string {
  return path.parse(filePath).name;
}

async function filesByStem(
  folder: string,
  endings: readonly string[],
): Promise<Map<string, string>> {
  let names;
  try {
    names = await readdir(folder);
  } catch (error) {
    throw fromFileError(error, folder);
  }
  const byStem = new Map<string, string>();
  for (const name of names) {
    if (!endings.includes(path.extname(name).toLowerCase())) continue;
    const other = byStem.get(stemOf(name));
    if (other !== undefined) {
      throw new SegprobeError(
        'DATASET_INVALID',
        `${folder}: expected one file of the stem ${stemOf(name)}, got ${other} and ${name}`,
      );
    }
    byStem.set(stemOf(name), name);
  }
  return byStem;
}

function assertSameStems(
  files: ReadonlyMap<string, string>,
  others: ReadonlyMap<string, string>,
  expected: string,
): void {
  const missing = [...files.keys()].filter((stem) => !others.has(stem)).sort();
  if (missing.length === 0) return;
  const named = missing.slice(0, NAMED_AT_MOST).join(', ');
  const more = missing.length > NAMED_AT_MOST ? ', …' : '';
  throw new SegprobeError(
    'DATASET_INVALID',
    `expected ${expected}, got none for ${missing.length} of ${files.size}: ${named}${more}`,
  );
}
