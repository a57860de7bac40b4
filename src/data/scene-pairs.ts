import path from 'node:path';
import type { ScenePair } from './read-scene.js';
import type { ListingFault, SplitListing } from './split-listing.js';

/** Files of one kind, pictures or labels, and where they were looked for. */
export interface SceneFiles {
  /** The folder, as messages name it. */
  readonly where: string;
  readonly files: readonly SceneFile[];
}

export interface SceneFile {
  /** What pairs a picture with its label. */
  readonly stem: string;
  readonly file: string;
}

/** The part of a file's name before its last dot. */
export function stemOf(filePath: string): string {
  return path.parse(filePath).name;
}

/**
 * Pairs pictures with labels by their stems.
 *
 * @returns the pairs in the order of their stems' code units, and as faults what has no other or more than one. Of several
 *   files of one stem the first is taken.
 */
export function pairByStem(pictures: SceneFiles, labels: SceneFiles): SplitListing {
  const [pictureOf, labelOf] = [byStem(pictures), byStem(labels)];
  const stems = [...pictureOf.found.keys()].sort();
  const pairs: ScenePair[] = [];
  for (const name of stems) {
    const label = labelOf.found.get(name);
    if (label !== undefined) pairs.push({ name, picture: pictureOf.found.get(name)!, label });
  }
  return {
    pairs,
    faults: [
      ...emptyFaults(pictures),
      ...pictureOf.faults,
      ...labelOf.faults,
      ...without(pictureOf.found, labelOf.found, 'missing-label', `a label in ${labels.where}`),
      ...without(
        labelOf.found,
        pictureOf.found,
        'missing-picture',
        `a picture in ${pictures.where}`,
      ),
    ],
  };
}

/** The pictures of a split whose labels are kept back. */
export function listPictures(pictures: SceneFiles): SplitListing {
  const { found, faults } = byStem(pictures);
  return {
    pairs: [],
    withoutLabels: [...found].map(([name, picture]) => ({ name, picture })),
    faults: [...emptyFaults(pictures), ...faults],
  };
}

function emptyFaults({ where, files }: SceneFiles): ListingFault[] {
  if (files.length > 0) return [];
  return [{ kind: 'empty', file: where, message: `${where}: expected pictures, got none` }];
}

/** The first file of each stem, and the others as faults. */
export function byStem({ files }: SceneFiles): {
  readonly found: ReadonlyMap<string, string>;
  readonly faults: readonly ListingFault[];
} {
  const found = new Map<string, string>();
  const faults: ListingFault[] = [];
  for (const { stem, file } of files) {
    const other = found.get(stem);
    if (other === undefined) found.set(stem, file);
    else {
      const got = [other, file].map((name) => path.basename(name));
      const files = got[0] === got[1] ? `${other} and ${file}` : got.join(' and ');
      const message = `${path.dirname(file)}: expected one file of the stem ${stem}, got ${files}`;
      faults.push({ kind: 'same-stem', file, message });
    }
  }
  return { found, faults };
}

function without(
  files: ReadonlyMap<string, string>,
  others: ReadonlyMap<string, string>,
  kind: 'missing-label' | 'missing-picture',
  expected: string,
): ListingFault[] {
  return [...files.keys()]
    .filter((stem) => !others.has(stem))
    .sort()
    .map((stem) => {
      const file = files.get(stem)!;
      return { kind, file, message: `${file}: expected ${expected}, got none of its stem` };
    });
}
