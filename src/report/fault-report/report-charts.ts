import { barChart, EMBEDDED, heatMap, lineChart } from '../charts/index.js';
import type { FaultReport } from './fault-report.js';
import { wholePercent } from './figures.js';
import { type Html, raw } from '../markup.js';

/** Objects found, by size, as bars. */
export function objectChart({ objects, evaluation }: FaultReport): Html {
  const isAttacked = evaluation.attacker !== null;
  return raw(
    barChart({
      title: 'Objects found, by size',
      x: { label: 'pixels of an object, from … to' },
      y: { label: 'share of objects found', domain: [0, 1], format: wholePercent },
      series: isAttacked ? ['clean', 'found clean and attacked'] : ['clean'],
      figures: wholePercent,
      groups: objects.map((size) => ({
        name: `${short(size.fromPixels)}${size.toPixels === null ? ' +' : `–${short(size.toPixels)}`}`,
        values: [size.found, ...(isAttacked ? [size.foundAttacked] : [])].map((found) =>
          size.objects === 0 ? null : found / size.objects,
        ),
      })),
      size: { width: 520, height: 380 },
      colors: EMBEDDED,
    }),
  );
}

/** `1600` → `1.6k`. */
function short(pixels: number): string {
  return pixels < 1000 ? String(pixels) : `${Number((pixels / 1000).toFixed(1))}k`;
}

/** The mIoU by the strength of the attack. */
export function strengthChart({ points, images }: NonNullable<FaultReport['strengths']>): Html {
  return raw(
    lineChart({
      title: 'mIoU by strength of the attack',
      x: { label: "share of the attacker's change", domain: [0, 1], format: wholePercent },
      y: { label: 'mIoU', domain: [0, 1], format: wholePercent },
      series: [
        {
          name: `mIoU on ${images} images`,
          points: points.map(({ strength, miou }) => [strength, miou ?? 0]),
        },
      ],
      size: { width: 520, height: 380 },
      colors: EMBEDDED,
    }),
  );
}

/** Wrong pixels by their place in the picture. */
export function placeMap(
  { places }: FaultReport,
  which: 'wrong' | 'wrongAttacked',
  title: string,
): Html {
  const cells = places.map((row) => row.map((place) => place[which]));
  const label = 'share of the labelled pixels there that are wrong';
  return raw(heatMap({ title, cells, label, size: { width: 520, height: 360 }, colors: EMBEDDED }));
}
