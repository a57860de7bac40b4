import type { LabelValues } from '../label-values.js';

/** How often a value occurs in a label, and where first. */
export interface ValueCount {
  pixels: number;
  /** Index of its first pixel, row by row. */
  readonly first: number;
}

/** Counts the values of a label. Neighbours are mostly alike, so that runs are counted, not pixels. */
export function countValues({ values }: LabelValues): Map<number, ValueCount> {
  const counts = new Map<number, ValueCount>();
  for (let start = 0; start < values.length;) {
    const value = values[start]!;
    let end = start + 1;
    while (values[end] === value) end++;
    const count = counts.get(value);
    if (count === undefined) counts.set(value, { pixels: end - start, first: start });
    else count.pixels += end - start;
    start = end;
  }
  return counts;
}
