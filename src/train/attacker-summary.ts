import type { AttackerState } from './attacker-state.js';
import { duration, percent, table } from './summary.js';

/** What a person wants to know of an attacker at a glance: `summary.txt`. */
export function attackerSummaryOf(state: AttackerState): string {
  const { epoch, step, seconds, best, classes, victim, importedFrom, config } = state;
  const trained = `${epoch} epochs; ${step} steps`;
  const lines = [
    `Attacker for ${config.dataset}, ${classes.length} classes; victim: ${victim?.name ?? 'unknown'}`,
    importedFrom === undefined
      ? `${trained} in ${duration(seconds)}`
      : `${trained}; imported from ${importedFrom.file}`,
    '',
    ...(best === null
      ? ['Nothing is measured yet.']
      : [
          `Best on val (${best.images ?? 'unknown number of'} images), after epoch ${best.epoch}`,
          ...table([['mIoU under attack', percent(best.miouAttacked)]]),
        ]),
    '',
    'Options',
    ...table(Object.entries(config).map(([key, value]) => [key, String(value)])),
  ];
  return `${lines.join('\n')}\n`;
}
