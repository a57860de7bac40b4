import { classNames } from '../shared/classes.js';
import { SegprobeError } from '../shared/errors.js';
import type { Dataset } from './dataset.js';

/**
 * Shows a data set with its classes in another order, as a network's outputs stand that learned them so: its class table
 * and the numbers in its labels both.
 *
 * @param names - the same class names in the order that is wanted.
 * @returns a view that is closed with `dataset`, or closes it; `dataset` itself where it has that order already.
 * @throws SegprobeError `DATASET_INVALID` naming the classes that only one of the two has.
 */
export function reorderClasses(dataset: Dataset, names: readonly string[]): Dataset {
  const { classes, ignoreIndex } = dataset.classTable;
  const own = classNames(dataset.classTable);
  assertSameNames(own, names, `${dataset.name} ${dataset.split}`);
  if (own.every((name, number) => name === names[number])) return dataset;
  const numbers = Uint8Array.from(own, (name) => names.indexOf(name)); // by the data set's own number
  return {
    ...dataset,
    classTable: {
      classes: names.map((name) => classes[own.indexOf(name)]!),
      ignoreIndex: numbers[ignoreIndex]!,
    },
    read: async (index, size) => {
      const scene = await dataset.read(index, size);
      return { ...scene, label: scene.label.map((number) => numbers[number]!) };
    },
  };
}

/**
 * Shows a data set with its classes in the order of a network's outputs. The ignored class comes last where the network has
 * no output for it: as a label's number, which no prediction has.
 *
 * @throws SegprobeError as {@link reorderClasses}.
 */
export function matchOutputs(dataset: Dataset, outputs: readonly string[]): Dataset {
  const { classes, ignoreIndex } = dataset.classTable;
  const ignored = classes[ignoreIndex]!.name;
  return reorderClasses(dataset, outputs.includes(ignored) ? outputs : [...outputs, ignored]);
}

function assertSameNames(own: readonly string[], names: readonly string[], what: string): void {
  const missing = names.filter((name) => !own.includes(name));
  const more = own.filter((name) => !names.includes(name));
  if (missing.length + more.length === 0 && own.length === names.length) return;
  const differences = [
    ...(missing.length > 0 ? [`without ${missing.join(', ')}`] : []),
    ...(more.length > 0 ? [`with ${more.join(', ')} besides`] : []),
  ];
  throw new SegprobeError(
    'DATASET_INVALID',
    `${what}: expected the classes ${names.join(', ')}, got ${own.length} ${differences.join(' and ')}`,
  );
}
