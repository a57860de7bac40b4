/** Sets rows in columns; columns of figures (those with a figure in the last row's place) stay as they are given. */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => row[column]!.length)),
  );
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** `1287000000` → `1.287 G`. */
export function formatMany(count: number): string {
  const [unit, size] = (
    [
      ['G', 1e9],
      ['M', 1e6],
      ['k', 1e3],
    ] as const
  ).find(([, least]) => count >= least) ?? ['', 1];
  return size === 1 ? String(count) : `${(count / size).toFixed(3)} ${unit}`;
}

/** `1515566` → `1.52 MB`. */
export function formatBytes(bytes: number): string {
  const [unit, size] = (
    [
      ['GB', 1e9],
      ['MB', 1e6],
      ['kB', 1e3],
    ] as const
  ).find(([, least]) => bytes >= least) ?? ['B', 1];
  return size === 1 ? `${bytes} B` : `${(bytes / size).toFixed(2)} ${unit}`;
}

/** `[1, 'H', 'W']` → `[1, H, W]`. */
export function formatShape(shape: readonly (number | string)[]): string {
  return `[${shape.join(', ')}]`;
}
