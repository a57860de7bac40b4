import { z } from 'zod';
import type { ClassTable, LabelClass } from '../shared/classes.js';
import { SegprobeError, messageOf } from '../shared/errors.js';
import { readFileWhole } from './files.js';
import type { LabelValues } from './label-values.js';

/** The number that means "not labelled" in labels, whatever the classes. */
export const IGNORE_VALUE = 255;
/** Class numbers are 8 bits, one is {@link IGNORE_VALUE} and one the class of what is not labelled. */
const MAX_CLASSES = 254;
const LEAST_CLASSES = 2;
const IGNORED_NAMES = ['unlabeled', 'unlabelled', 'void'];

const channel = z
  .int('expected a whole number 0..255')
  .min(0, 'expected 0..255')
  .max(255, 'expected 0..255');
const classesSchema = z.strictObject({
  classes: z
    .array(
      z.strictObject({
        name: z.string('expected the name of a class').trim().min(1, 'expected a name'),
        color: z.tuple([channel, channel, channel], 'expected [red, green, blue]'),
      }),
      'expected a list of classes, each {"name", "color": [red, green, blue]}',
    )
    .max(MAX_CLASSES, `expected at most ${MAX_CLASSES} classes`),
  ignoreIndex: z.int('expected a class number').nonnegative('expected a class number').optional(),
  labels: z.enum(['numbers', 'colors'], 'expected "numbers" or "colors"').optional(),
});
type ClassesFile = z.infer<typeof classesSchema>;

/** What a `classes.json` says. */
export interface FolderClasses {
  /** The classes of the file, and `unlabeled` after them where none of them is what is not labelled. */
  readonly classTable: ClassTable;
  /** How many of the classes are the file's own. */
  readonly ownCount: number;
  /** What labels hold; undefined where the file leaves it to be seen. */
  readonly labels: LabelValues['kind'] | undefined;
}

/**
 * Reads the classes of a folder: `[{"name": "road", "color": [128, 64, 128]}, …]`, in the order of their numbers, or
 * `{"classes": […], "ignoreIndex": 2, "labels": "numbers"}`.
 *
 * Pixels of the class `ignoreIndex` do not count; without it, those of a class named unlabeled, unlabelled or void. Where there
 * is none (or `ignoreIndex` is 255), `unlabeled` is added as the last class. `labels` says whether labels hold class
 * "numbers" or "colors".
 *
 * @throws SegprobeError `FILE_NOT_FOUND`, or `DATASET_INVALID` naming the place in the file that is wrong.
 */
export async function readFolderClasses(file: string): Promise<FolderClasses> {
  const { classes, ignoreIndex, labels } = await readClassesFile(file);
  const refuse = (message: string): SegprobeError =>
    new SegprobeError('DATASET_INVALID', `${file}: ${message}`);
  for (const key of ['name', 'color'] as const) {
    const values = classes.map((one) => String(one[key]));
    const twice = values.find((value, i) => values.indexOf(value) !== i);
    if (twice !== undefined) throw refuse(`expected each ${key} once, got ${twice} twice`);
  }
  const named = classes.flatMap(({ name }, i) => (isIgnoredName(name) ? [i] : []));
  if (ignoreIndex === undefined && named.length > 1) {
    throw refuse(
      `expected one class of ${IGNORED_NAMES.join(', ')}, or ignoreIndex, got ${named.length}`,
    );
  }
  const ignored = ignoreIndex ?? named[0] ?? IGNORE_VALUE;
  if (ignored >= classes.length && ignored !== IGNORE_VALUE) {
    throw refuse(
      `ignoreIndex: expected 0..${classes.length - 1} or ${IGNORE_VALUE}, got ${ignored}`,
    );
  }
  const isOwn = ignored < classes.length;
  const counting = classes.length - (isOwn ? 1 : 0);
  if (counting < LEAST_CLASSES) {
    throw refuse(
      `expected at least ${LEAST_CLASSES} classes beside what is not labelled, got ${counting}`,
    );
  }
  return {
    classTable: isOwn
      ? { classes, ignoreIndex: ignored }
      : { classes: [...classes, unlabeledBeside(classes)], ignoreIndex: classes.length },
    ownCount: classes.length,
    labels: labels && (labels === 'numbers' ? 'number' : 'color'),
  };
}

async function readClassesFile(file: string): Promise<ClassesFile> {
  const text = Buffer.from(await readFileWhole(file)).toString('utf8');
  let contents: unknown;
  try {
    contents = JSON.parse(text.replace(/^\ufeff/, ''));
  } catch (error) {
    throw new SegprobeError('DATASET_INVALID', `${file}: expected JSON, got ${messageOf(error)}`, {
      cause: error,
    });
  }
  const result = classesSchema.safeParse(
    Array.isArray(contents) ? { classes: contents } : contents,
  );
  if (result.success) return result.data;
  const { path, message } = result.error.issues[0]!;
  const place = path.length > 0 ? `${path.join('.')}: ` : '';
  throw new SegprobeError('DATASET_INVALID', `${file}: ${place}${message}`);
}

function isIgnoredName(name: string): boolean {
  return IGNORED_NAMES.includes(name.toLowerCase());
}

/** A class for what is not labelled, in the darkest grey that no class has. */
function unlabeledBeside(classes: readonly LabelClass[]): LabelClass {
  const [names, colors] = (['name', 'color'] as const).map(
    (key) => new Set(classes.map((one) => String(one[key]))),
  );
  let grey = 0;
  while (colors!.has(String([grey, grey, grey]))) grey++;
  const name = IGNORED_NAMES.find((free) => !names!.has(free)) ?? 'ignored';
  return { name, color: [grey, grey, grey] };
}
