import type { Rgb } from '../shared/classes.js';
import { SegprobeError } from '../shared/errors.js';
import type { LabelValues } from './label-values.js';

/** What {@link LabelCoding.classOf} says of a value that means no class. Class numbers are below it. */
export const NO_CLASS = 255;

/** What the values in a label file mean. */
export interface LabelCoding {
  /** What a pixel holds: a number (grey value or index into a palette), or a colour as `0xRRGGBB`. */
  readonly kind: LabelValues['kind'];
  /** The class number of a value, or {@link NO_CLASS}. */
  classOf(value: number): number;
  /** Names the values that are classes in messages, e.g. `class numbers 0..11`. */
  readonly expected: string;
}

/** Values that are class numbers themselves, 0..`classCount` - 1. */
export function classNumbers(classCount: number): LabelCoding {
  return numbersByTable(
    Array.from({ length: classCount }, (_, k) => [k, k]),
    `class numbers 0..${classCount - 1}`,
  );
}

/**
 * Numbers that stand for classes.
 * @param pairs - each number, 0..255, with its class number.
 */
export function numbersByTable(
  pairs: Iterable<readonly [value: number, classNumber: number]>,
  expected: string,
): LabelCoding {
  const table = new Uint8Array(256).fill(NO_CLASS);
  for (const [value, classNumber] of pairs) table[value] = classNumber;
  return { kind: 'number', classOf: (value) => table[value] ?? NO_CLASS, expected };
}

/** Colours that stand for classes. */
export function colorsByTable(
  pairs: Iterable<readonly [color: Rgb, classNumber: number]>,
  expected: string,
): LabelCoding {
  const table = new Map<number, number>();
  for (const [[red, green, blue], classNumber] of pairs) {
    table.set((red << 16) | (green << 8) | blue, classNumber);
  }
  return { kind: 'color', classOf: (value) => table.get(value) ?? NO_CLASS, expected };
}

/**
 * Translates the values of a label file to class numbers.
 *
 * @param what - names the label in the message.
 * @returns class numbers, `[H, W]` flattened.
 * @throws SegprobeError `LABEL_INVALID` naming the first value that is no class, its place, and how many pixels are none.
 */
export function toClassNumbers(label: LabelValues, coding: LabelCoding, what: string): Uint8Array {
  const { values, width } = label;
  const classes = new Uint8Array(values.length);
  let first = -1;
  let wrong = 0;
  let [value, classNumber] = [-1, NO_CLASS]; // Neighbours are mostly alike.
  for (let i = 0; i < values.length; i++) {
    if (values[i] !== value) {
      value = values[i]!;
      classNumber = coding.classOf(value);
    }
    classes[i] = classNumber;
    if (classNumber !== NO_CLASS) continue;
    if (first < 0) first = i;
    wrong++;
  }
  if (wrong === 0) return classes;
  const place = `(${first % width}, ${Math.floor(first / width)})`;
  throw new SegprobeError(
    'LABEL_INVALID',
    `${what}: expected ${coding.expected}, got ${formatValue(values[first]!, label.kind)} at pixel ${place}; ` +
      `${wrong} of ${values.length} pixels are no class`,
  );
}

/** `7`, or a colour as `rgb(1, 2, 3)`. */
export function formatValue(value: number, kind: LabelValues['kind']): string {
  if (kind === 'number') return String(value);
  return `rgb(${value >> 16}, ${(value >> 8) & 255}, ${value & 255})`;
}
