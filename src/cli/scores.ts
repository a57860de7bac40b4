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
  const rows = names.map((name, i) => ({ name, value: iou[i] ?? null }));
  return formatTable(
    rows
      .filter(({ value }) => value !== null)
      .map(({ name, value }) => [name, formatPercent(value).padStart(8)]),
  );
}

/** Lines rows up: the first column at its left, figures at their right. */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const widthOf = (column: number): number =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0));
  return rows
    .map(([name, ...figures]) => {
      const cells = figures.map((figure, i) => figure.padStart(widthOf(i + 1)));
      return `  ${[name!.padEnd(widthOf(0)), ...cells].join('  ')}`;
    })
    .join('\n');
}
