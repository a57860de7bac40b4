import { epochsOf } from './config.js';
import type { TrainState } from './train-state.js';

/** What a person wants to know of a training at a glance: `summary.txt`. */
export function summaryOf(state: TrainState): string {
  const { epoch, batch, best, classes, config } = state;
  const under = batch > 0 ? ` and ${batch} steps of the next` : '';
  const lines = [
    `ENet for ${config.dataset}, ${classes.length} classes`,
    `${epoch} of ${epochsOf(config)} epochs${under}; ${historyOf(state)}`,
    '',
    ...(best === null ? ['Nothing is measured yet.'] : scoresOf(state)),
    '',
    'Options',
    ...table(Object.entries(config).map(([key, value]) => [key, String(value)])),
  ];
  return `${lines.join('\n')}\n`;
}

function historyOf({ step, seconds, importedFrom }: TrainState): string {
  if (importedFrom === undefined) return `${step} steps in ${duration(seconds)}`;
  const since = seconds === 0 ? '' : `, trained for ${duration(seconds)} since`;
  return `imported from ${importedFrom.file}${since}`;
}

function scoresOf(state: TrainState): string[] {
  const { best, metrics, classes, ignoreIndex } = state;
  const { epoch, images, miou, pixelAccuracy, iou } = best!;
  const last = lastValidated(metrics);
  const figures: [string, number | null, number | null | undefined][] = [
    ['mIoU', miou, last?.valMiou],
    ['pixel accuracy', pixelAccuracy, last?.valPixelAccuracy],
    ...classes.map(({ name }, i): (typeof figures)[number] => [
      name,
      iou[i] ?? null,
      last?.valIou[i],
    ]),
  ];
  const counted = figures.filter((_, i) => i !== ignoreIndex + 2);
  const on = images === null ? '' : ` (${images} images)`;
  return [
    `On val${on}, by class the IoU: best after epoch ${epoch}${last === undefined ? '' : `, last after epoch ${last.epoch}`}`,
    ...table(
      counted.map(([name, own, latest]) => [
        name,
        last === undefined
          ? percent(own)
          : `${percent(own).padStart(8)}  ${percent(latest ?? null).padStart(8)}`,
      ]),
    ),
  ];
}

interface Validated {
  readonly epoch: number;
  readonly valMiou: number | null;
  readonly valPixelAccuracy: number | null;
  readonly valIou: readonly (number | null)[];
}

/** The last line of the metrics of an epoch that was validated. */
function lastValidated(metrics: TrainState['metrics']): Validated | undefined {
  const found = metrics.findLast(({ valIou }) => Array.isArray(valIou) && valIou.length > 0);
  return found as unknown as Validated | undefined;
}

/** Sets rows in two columns; the second is flush right where it holds figures. */
export function table(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([key]) => key.length));
  return rows.map(([key, value]) => {
    const text = value.endsWith('%') || value === '–' ? value.padStart(8) : value;
    return `  ${key.padEnd(width)}  ${text}`;
  });
}

/** Writes a share of 1; a dash where there is none. */
export function percent(share: number | null): string {
  return share === null ? '–' : `${(100 * share).toFixed(2)} %`;
}

/** Writes seconds in the unit that suits them. */
export function duration(seconds: number): string {
  if (seconds < 90) return `${seconds.toFixed(1)} seconds`;
  if (seconds < 5400) return `${(seconds / 60).toFixed(1)} minutes`;
  return `${(seconds / 3600).toFixed(1)} hours`;
}
