import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { InvalidArgumentError } from 'commander';
import { fromFileError } from '../data/files.js';
import { SegprobeError } from '../shared/errors.js';

/**
 * Two pictures of one name would write to one file.
 * @throws SegprobeError `USAGE`
 */
export function assertOwnStems(images: readonly string[]): void {
  const seen = new Map<string, string>();
  for (const image of images) {
    const other = seen.get(stemOf(image));
    if (other !== undefined) {
      throw new SegprobeError(
        'USAGE',
        `expected pictures of different names, got ${other} and ${image}, which would write to the same files`,
      );
    }
    seen.set(stemOf(image), image);
  }
}

/** A picture's name without its folder and its ending: what is written is named after it. */
export function stemOf(image: string): string {
  return path.parse(image).name;
}

/** Makes a parser of some of the words, with commas between, into the order that they are listed in. */
export function someOf<Word extends string>(words: readonly Word[]): (text: string) => Word[] {
  return (text) => {
    const given = text.split(',').map((word) => word.trim());
    const unknown = given.find((word) => !words.some((known) => known === word));
    if (unknown !== undefined) {
      throw new InvalidArgumentError(`expected some of ${words.join(', ')}, got "${unknown}"`);
    }
    return words.filter((word) => given.includes(word));
  };
}

/**
 * Makes a folder, and those above it.
 * @throws SegprobeError as `fromFileError` says.
 */
export async function makeFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true }).catch((error: unknown) => {
    throw fromFileError(error, folder);
  });
}
