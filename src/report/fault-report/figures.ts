import type { FaultReport } from './fault-report.js';

/** `12.3 %`; a dash where there is none. */
export function percent(share: number | null): string {
  return share === null ? '–' : `${(100 * share).toFixed(1)} %`;
}

/** `12 %`; with digits, as many of them where they are not zero: `12.5 %`. */
export function wholePercent(share: number, digits = 0): string {
  return `${Number((100 * share).toFixed(digits))} %`;
}

/** `, 95 % within 10.0 % … 12.0 %`; nothing where there is none. */
export function interval(range: readonly [number, number] | null): string {
  return range === null ? '' : `, 95 % within ${percent(range[0])} … ${percent(range[1])}`;
}

/** `of 24 to 100 pixels`. */
export function sizeText({ fromPixels, toPixels }: FaultReport['objects'][number]): string {
  return toPixels === null
    ? `of ${fromPixels} pixels and more`
    : `of ${fromPixels} to ${toPixels} pixels`;
}
