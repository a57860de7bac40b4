import { readFolderClasses } from '../../data/folder-classes.js';
import { CAMVID, CITYSCAPES, type ClassTable, type LabelClass } from '../../shared/classes.js';
import { SegprobeError } from '../../shared/errors.js';

/** What a network's outputs mean, in its own order. */
export interface OutputClasses extends ClassTable {
  readonly dataset: string;
  /** Whether the classes have names, or numbers alone. */
  readonly areNamed: boolean;
}

export interface OutputOptions {
  /** A `classes.json` that names the outputs, in their order. */
  readonly classesFile?: string | undefined;
  /** The data set that they are of, if it is not what their number says. */
  readonly dataset?: string | undefined;
}

/** What stands for "not labelled" where no output does. */
const NO_OUTPUT = 255;
/** What the Malicious Autoencoder attacks unless told otherwise. */
const ATTACKED_DATASET = 'cityscapes';

/** The outputs of the ancestors' networks, and the data sets of such classes, the likeliest first. */
const KNOWN: readonly (ClassTable & { readonly datasets: readonly string[] })[] = [
  { datasets: ['camvid', 'sample'], ...CAMVID },
  { datasets: ['camvid', 'sample'], classes: counting(CAMVID), ignoreIndex: NO_OUTPUT },
  // PyTorch-ENet's data/cityscapes.py begins with what is not labelled.
  {
    datasets: ['cityscapes'],
    classes: [CITYSCAPES.classes[CITYSCAPES.ignoreIndex]!, ...counting(CITYSCAPES)],
    ignoreIndex: 0,
  },
  { datasets: ['cityscapes'], classes: counting(CITYSCAPES), ignoreIndex: NO_OUTPUT },
];

/**
 * Finds out what a network's outputs mean.
 *
 * @param count - how many there are; `undefined` for an attacker without its victim, where the data set alone says it.
 * @throws SegprobeError `DATASET_INVALID` for a file or a data set of another number of classes, and as `readFolderClasses`.
 */
export async function outputClasses(
  count: number | undefined,
  { classesFile, dataset }: OutputOptions,
): Promise<OutputClasses> {
  if (classesFile !== undefined) {
    const table = await readClasses(classesFile, count);
    return { ...table, dataset: dataset ?? 'folder', areNamed: true };
  }
  const wanted = dataset ?? (count === undefined ? ATTACKED_DATASET : undefined);
  const known = KNOWN.find(
    ({ classes, datasets }) =>
      (count === undefined || classes.length === count) &&
      (wanted === undefined || datasets.includes(wanted)),
  );
  if (known !== undefined) {
    const { classes, ignoreIndex, datasets } = known;
    return { classes, ignoreIndex, dataset: wanted ?? datasets[0]!, areNamed: true };
  }
  if (count === undefined || (wanted !== undefined && wanted !== 'folder')) {
    throw new SegprobeError(
      'DATASET_INVALID',
      `expected the classes of ${wanted}, got ${count ?? 'no'} outputs; --classes FILE names the classes of others`,
    );
  }
  const classes = Array.from({ length: count }, (_, i) => ({
    name: `class ${i}`,
    color: color(i),
  }));
  return { classes, ignoreIndex: NO_OUTPUT, dataset: 'folder', areNamed: false };
}

function counting({ classes, ignoreIndex }: ClassTable): LabelClass[] {
  return classes.filter((_, number) => number !== ignoreIndex);
}

async function readClasses(file: string, count: number | undefined): Promise<ClassTable> {
  const { classTable, ownCount } = await readFolderClasses(file);
  if (count === undefined || classTable.classes.length === count) return classTable;
  if (ownCount === count) {
    return { classes: classTable.classes.slice(0, count), ignoreIndex: NO_OUTPUT };
  }
  throw new SegprobeError(
    'DATASET_INVALID',
    `${file}: expected ${count} classes, as many as the network has outputs, got ${ownCount}`,
  );
}

/** The colour of a class that is only a number, as PASCAL VOC colours its own: the number's bits, spread over the channels. */
function color(number: number): [number, number, number] {
  const channel = (offset: number): number => {
    let value = 0;
    for (let bit = 0; bit < 8; bit++) value |= ((number >> (3 * bit + offset)) & 1) << (7 - bit);
    return value;
  };
  return [channel(0), channel(1), channel(2)];
}
