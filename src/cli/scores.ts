/** `1 epoch`, `3 epochs`. */
export function formatCount(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

/** `0.4567` → `45.67 %`; a figure that does not exist is a dash. */
export function formatPercent(share: number | null): string {
  return share === null ? '–' : `${(100 * share).toFixed(2)} %`;
}

/** A table of IoU by class; classes without one are left out. */
export function formatScores(
  names: readonly string[],
  { iou }: { readonly iou: readonly (number | null)[] },
): string {
  const width = Math.max(...names.map((name) => name.length));
  return names
    .map((name, i) => ({ name, value: iou[i] ?? null }))
    .filter(({ value }) => value !== null)
    .map(({ name, value }) => `  ${name.padEnd(width)}  ${formatPercent(value).padStart(8)}`)
    .join('\n');
}
