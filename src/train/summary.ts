import { epochsOf } from './config.js';
import type { TrainState } from './train-state.js';

/** What a person wants to know of a training at a glance: `summary.txt`. */
export function summaryOf(state: TrainState): string {
  const { epoch, batch, step, seconds, best, classes, config } = state;
  const under = batch > 0 ? ` and ${batch} steps of the next` : '';
  const lines = [
    `ENet for ${config.dataset}, ${classes.length} classes`,
    `${epoch} of ${epochsOf(config)} epochs${under}; ${step} steps in ${duration(seconds)}`,
    '',
    ...(best === null ? ['No epoch is complete: nothing is measured yet.'] : scoresOf(state)),
    '',
    'Options',
    ...table(Object.entries(config).map(([key, value]) => [key, String(value)])),
  ];
  return `${lines.join('\n')}\n`;
}

function scoresOf({ best, classes, ignoreIndex }: TrainState): string[] {
  const { epoch, images, miou, pixelAccuracy, iou } = best!;
  const byClass = classes
    .map(({ name }, i): [string, string] => [name, percent(iou[i] ?? null)])
    .filter((_, i) => i !== ignoreIndex);
  return [
    `Best on val (${images} images), after epoch ${epoch}`,
    ...table([
      ['mIoU', percent(miou)],
      ['pixel accuracy', percent(pixelAccuracy)],
    ]),
    '',
    'IoU by class',
    ...table(byClass),
  ];
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
