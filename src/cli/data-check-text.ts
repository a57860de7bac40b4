import type { DatasetCheck } from '../data/check/check-dataset.js';
import { FAULT_KINDS, type FaultKind } from '../data/check/fault.js';
import type { SplitSummary } from '../data/check/coverage.js';
import { formatCount, formatPercent } from './scores.js';

const SIZES_NAMED = 4;

/** What `segprobe data check` finds, as `--json` prints it and `--out` writes it. */
export interface DataCheckResult extends DatasetCheck {
  readonly dataset: string;
  readonly dir: string;
  /** How many scenes were read. */
  readonly scenes: number;
  /** How many faults there are of each kind that occurs. */
  readonly counts: Readonly<Partial<Record<FaultKind, number>>>;
  readonly imagesPerSecond: number;
}

/** What the data set holds: scenes, sizes, and the share of each class by split. */
export function formatSummary({
  dataset,
  dir,
  scenes,
  splits,
  imagesPerSecond,
}: DataCheckResult): string {
  const head = `${dataset} in ${dir}: ${formatCount(scenes, 'scene')}, ${imagesPerSecond.toFixed(1)} images/s`;
  const rows = splits.map(
    ({ split, scenes, sizes }) =>
      `  ${split}: ${formatCount(scenes, 'scene')}, ${formatSizes(sizes)}`,
  );
  return [head, ...rows, formatClasses(splits)].join('\n');
}

/** Every kind of fault that occurs, with its first faults. */
export function formatFaults({ faults, counts }: DataCheckResult, limit: number): string {
  if (faults.length === 0) return 'no faults';
  const groups = (Object.keys(FAULT_KINDS) as FaultKind[])
    .filter((kind) => counts[kind] !== undefined)
    .map((kind) => {
      const own = faults.filter((fault) => fault.kind === kind);
      const lines = own.slice(0, limit).map(({ split, message }) => `  ${split}: ${message}`);
      if (own.length > limit) lines.push(`  and ${own.length - limit} more`);
      return [`${kind}: ${FAULT_KINDS[kind]} (${own.length})`, ...lines].join('\n');
    });
  return [...groups, formatCount(faults.length, 'fault')].join('\n\n');
}

function formatSizes(sizes: SplitSummary['sizes']): string {
  if (sizes.length === 0) return 'no picture that can be read';
  const named = sizes
    .slice(0, SIZES_NAMED)
    .map(({ width, height, pictures }) => `${width}×${height} (${pictures})`);
  if (sizes.length > SIZES_NAMED) named.push(`${sizes.length - SIZES_NAMED} sizes more`);
  return named.join(', ');
}

/** A table of the share of pixels of each class, a column a split. */
function formatClasses(splits: readonly SplitSummary[]): string {
  const names = splits[0]?.classes.map(({ name }) => name) ?? [];
  const width = Math.max(0, ...names.map((name) => name.length));
  const row = (name: string, cells: readonly string[]): string =>
    `  ${name.padEnd(width)}${cells.map((cell) => cell.padStart(10)).join('')}`;
  const head = row(
    '',
    splits.map(({ split }) => split),
  );
  return [
    head,
    ...names.map((name, k) =>
      row(
        name,
        splits.map(({ classes }) => formatPercent(classes[k]!.share)),
      ),
    ),
  ].join('\n');
}
