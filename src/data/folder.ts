import path from 'node:path';
import { IGNORE_VALUE, readFolderClasses, type FolderClasses } from './folder-classes.js';
import { findFolderSplits, type FolderSplits } from './folder-splits.js';
import { colorsByTable, numbersByTable, type LabelCoding } from './label-coding.js';
import { readLabelKind, type LabelValues } from './label-values.js';
import type { Layout } from './layout.js';

/**
 * One's own pictures and labels: `images/`, `labels/` with PNGs of the same stems, and `classes.json`
 * ({@link readFolderClasses}); splits as {@link findFolderSplits} finds them.
 *
 * Labels hold class numbers (grey values or a palette's indices), 255 being unlabelled, or the classes' colours, as
 * `classes.json` says or else as the first label shows: RGB holds colours. Pictures may differ in size; the size that they are
 * brought to is the first one's, to a multiple of 8, unless another is asked for.
 *
 * @throws SegprobeError `FILE_NOT_FOUND` or `DATASET_INVALID` naming what is missing or wrong.
 */
export async function folderLayout(dir: string): Promise<Layout> {
  const classesFile = path.join(dir, 'classes.json');
  const classes = await readFolderClasses(classesFile);
  const splits = await findFolderSplits(dir);
  const coding = createCoding(classes, classes.labels ?? (await findKind(splits)), classesFile);
  return {
    name: 'folder',
    classTable: classes.classTable,
    findSplits: () => Promise.resolve(splits.names),
    listSplit: (split) => splits.list(split),
    codingOf: () => coding,
  };
}

/** What labels hold, as the first one shows; numbers where it shows nothing. */
async function findKind({ firstLabel }: FolderSplits): Promise<LabelValues['kind']> {
  return (firstLabel && (await readLabelKind(firstLabel))) || 'number';
}

function createCoding(
  { classTable, ownCount }: FolderClasses,
  kind: LabelValues['kind'],
  classesFile: string,
): LabelCoding {
  const { classes, ignoreIndex } = classTable;
  if (kind === 'color') {
    return colorsByTable(
      classes.map(({ color }, k) => [color, k]),
      `colours of ${classesFile}`,
    );
  }
  return numbersByTable(
    [...classes.slice(0, ownCount).map((_, k) => [k, k] as const), [IGNORE_VALUE, ignoreIndex]],
    `class numbers 0..${ownCount - 1} or ${IGNORE_VALUE}`,
  );
}
