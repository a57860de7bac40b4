import type { MatchedControl } from '../inference/matched-controls.js';
import type { EvaluationResult } from '../shared/evaluation.js';
import { formatCount, formatPercent } from './scores.js';

/**
 * Writes an evaluation for a person: what it was, a row a class with its IoU, the means, and what the attack did to the
 * pictures; two columns where there was an attack. Classes that neither occur nor were predicted are left out.
 */
export function formatEvaluation(result: EvaluationResult): string {
  const { victim, attacker, dataset, split, images } = result;
  const isAttacked = attacker !== null;
  const rows: Row[] = [
    ['IoU', 'clean', 'attacked'],
    ...result.classes
      .filter(({ iou, iouAttacked }) => iou !== null || iouAttacked !== null)
      .map(({ name, iou, iouAttacked }) => row(name, iou, iouAttacked)),
    row('mIoU', result.miou, result.miouAttacked),
    row('mIoU of an image', result.imageMiou, result.imageMiouAttacked),
    row('pixel accuracy', result.pixelAccuracy, result.pixelAccuracyAttacked),
    row('class accuracy', result.classAccuracy, result.classAccuracyAttacked),
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  const table = rows.map(
    ([name, clean, attacked]) =>
      `  ${name.padEnd(width)}  ${clean.padStart(8)}${isAttacked ? `  ${attacked.padStart(8)}` : ''}`,
  );
  return [
    `${victim} on ${dataset} ${split}, ${formatCount(images, 'image')}, ${result.imagesPerSecond.toFixed(1)} images/s`,
    ...table,
    ...(isAttacked ? [`${attacker}: ${describeAttack(result)}`] : []),
  ].join('\n');
}

/** Writes an evaluation with the controls that were matched to its attack. */
export function formatMatched(
  result: EvaluationResult,
  matched: readonly MatchedControl[],
): string {
  const line = (name: string, own: EvaluationResult): string =>
    `  ${name.padEnd(24)}  mIoU ${formatPercent(own.miouAttacked).padStart(8)}, ${describeAttack(own)}`;
  return [
    formatEvaluation(result),
    'beside what changes pictures as much:',
    line(result.attacker ?? '', result),
    ...matched.map(({ control, by, result: own }) =>
      line(`${control} at equal ${by === 'psnr' ? 'PSNR' : 'L∞'}`, own),
    ),
  ].join('\n');
}

type Row = readonly [name: string, clean: string, attacked: string];

function row(name: string, clean: number | null, attacked: number | null): Row {
  return [name, formatPercent(clean), formatPercent(attacked)];
}

function describeAttack({ psnrDb, ssim, l2, linf, flippedShare }: EvaluationResult): string {
  return [
    `PSNR ${fixed(psnrDb, 2)} dB`,
    `SSIM ${fixed(ssim, 4)}`,
    `L2 ${fixed(l2, 2)}`,
    // In the steps of an 8-bit picture, as attacks' bounds are given.
    `L∞ ${linf === null ? '–' : Math.round(255 * linf)}/255`,
    `${formatPercent(flippedShare)} of pixels change class`,
  ].join(', ');
}

function fixed(value: number | null, digits: number): string {
  return value === null ? '–' : value.toFixed(digits);
}
