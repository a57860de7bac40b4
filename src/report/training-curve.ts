import { lineChart, type LineSeries, sideBySide } from './charts/index.js';

/** A line of `metrics.jsonl`: what is drawn of it. */
export type EpochMetrics = Readonly<Record<string, unknown>>;

const PANEL = { width: 600, height: 400 };
const percent = (value: number): string => `${Math.round(100 * value)} %`;

/**
 * Draws how a training went, epoch by epoch, as an SVG document: its loss on the left, its scores on val on the right.
 *
 * @param options.miou - the name of the mIoU that was measured: of an attacker, its victim's.
 */
export function trainingCurve({
  name,
  metrics,
  miou = 'mIoU',
}: {
  readonly name: string;
  readonly metrics: readonly EpochMetrics[];
  readonly miou?: string;
}): string {
  const series = (label: string, key: string): LineSeries => ({
    name: label,
    points: metrics.flatMap((line): [number, number][] => {
      const [epoch, value] = [line['epoch'], line[key]];
      return typeof epoch === 'number' && typeof value === 'number' ? [[epoch, value]] : [];
    }),
  });
  const scores = [
    series(miou, 'valMiou'),
    series('mIoU under attack', 'miouAttacked'),
    series('pixel accuracy', 'valPixelAccuracy'),
  ].filter(({ points }) => points.length > 0);
  const x = { label: 'epoch', domain: [0, Math.max(1, metrics.length)] as const };
  const panels = [
    lineChart({
      title: `${name}: loss on train`,
      x,
      y: { label: 'loss' },
      series: [series('loss', 'trainLoss')],
      size: PANEL,
    }),
    lineChart({
      title: `${name}: scores on val`,
      x,
      y: { label: '', domain: [0, 1], format: percent },
      series: scores,
      size: PANEL,
    }),
  ];
  return sideBySide(`The training of ${name}`, panels, PANEL);
}
