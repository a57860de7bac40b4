import path from 'node:path';
import { writeFileWhole } from '../../../data/files.js';
import type { ModelFacts } from '../../../shared/manifest.js';

/** Writes the `classes.json` that an upload comes without: labels hold the victim's class numbers, or 255 for what is not labelled. */
export async function writeVictimClasses(folder: string, facts: ModelFacts): Promise<void> {
  const { classes: names, palette, ignoreIndex } = facts;
  const classes = names.map((name, k) => ({ name, color: palette[k] ?? [k, k, k] }));
  const isOwn = ignoreIndex < classes.length;
  // A victim without an output for what is not labelled: its number comes after the others.
  if (ignoreIndex === classes.length)
    classes.push({ name: 'unlabeled', color: palette[ignoreIndex] ?? [0, 0, 0] });
  const isNamed = isOwn || ignoreIndex === names.length;
  const contents = { classes, labels: 'numbers', ...(isNamed && { ignoreIndex }) };
  await writeFileWhole(path.join(folder, 'classes.json'), `${JSON.stringify(contents)}\n`);
}
