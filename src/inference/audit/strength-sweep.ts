import type { Dataset } from '../../data/dataset.js';
import { spread } from '../display-scenes.js';
import type { OpenedModel } from '../open-model.js';
import { createInferencePool } from '../pool.js';
import type { Perturber } from '../scene-pool.js';
import { type Audit, auditDataset, type AuditOptions } from './audit-dataset.js';
import { OBJECT_SIZES } from './scene-audit.js';

/** Shares of the attacker's change that are tried. */
export const STRENGTHS = [0.125, 0.25, 0.5, 0.75, 1] as const;

/** What is left at one strength. Shares are in 0..1; null is what there is none of. */
export interface StrengthPoint {
  readonly strength: number;
  readonly miou: number | null;
  /** By class. */
  readonly iou: readonly (number | null)[];
  /** By class and by size (`OBJECT_SIZES`): share of the objects found in the clean picture that are still found. */
  readonly foundByClass: readonly (number | null)[];
  readonly foundBySize: readonly (number | null)[];
}

export interface StrengthSweep {
  readonly images: number;
  /** Ascending, from 0 on. */
  readonly points: readonly StrengthPoint[];
}

/**
 * Attacks some scenes, spread evenly over the split, with shares of the attacker's change.
 *
 * @param count - how many scenes.
 * @throws SegprobeError as `auditDataset`.
 */
export async function sweepStrengths(
  dataset: Dataset,
  {
    attacker,
    count,
    ...options
  }: Pick<AuditOptions, 'victim' | 'threads' | 'signal' | 'order'> & {
    readonly attacker: OpenedModel;
    readonly count: number;
  },
): Promise<StrengthSweep> {
  const all = options.order ?? Array.from({ length: dataset.length }, (_, i) => i);
  const order = spread(count, all.length).map((i) => all[i]!);
  const pool = createInferencePool({ models: [options.victim, attacker] });
  try {
    const points: StrengthPoint[] = [];
    for (const strength of STRENGTHS) {
      const perturber: Perturber = {
        name: `${attacker.name} at ${strength}`,
        batchSize: 1,
        perturb: ([scene], _first, signal) => {
          const picture = { ...scene!, data: scene!.image };
          const by = { attacker: attacker.name, strength };
          return pool.perturb(picture, by, picture, { signal }).then(({ data }) => [data]);
        },
      };
      const audit = await auditDataset(dataset, { ...options, order, perturber });
      if (points.length === 0) points.push(toPoint(0, audit, 'clean'));
      points.push(toPoint(strength, audit, 'attacked'));
    }
    return { images: order.length, points };
  } finally {
    await pool.close();
  }
}

function toPoint(
  strength: number,
  { evaluation, sums }: Audit,
  which: 'clean' | 'attacked',
): StrengthPoint {
  const { classes, miou, miouAttacked } = evaluation;
  const sizes = OBJECT_SIZES.length;
  const share = (isMeant: (k: number, size: number) => boolean): number | null => {
    let [found, still] = [0, 0];
    for (let i = 0; i < sums.objects.length / 3; i++) {
      if (!isMeant(Math.floor(i / sizes), i % sizes)) continue;
      found += sums.objects[3 * i + 1]!;
      still += sums.objects[3 * i + 2]!;
    }
    if (found === 0) return null;
    return which === 'clean' ? 1 : still / found;
  };
  return {
    strength,
    miou: which === 'clean' ? miou : miouAttacked,
    iou: classes.map(({ iou, iouAttacked }) => (which === 'clean' ? iou : iouAttacked)),
    foundByClass: classes.map((_, own) => share((k) => k === own)),
    foundBySize: OBJECT_SIZES.map((_, own) => share((_k, size) => size === own)),
  };
}

/**
 * Finds the strength at which a value falls below half of what it is at 0, between two points by a line.
 * @returns null where it never does, or is nothing at 0.
 */
export function strengthOfLoss(
  points: readonly { readonly strength: number; readonly value: number | null }[],
): number | null {
  const clean = points[0]?.value;
  if (clean === null || clean === undefined || clean === 0) return null;
  const half = clean / 2;
  for (let i = 1; i < points.length; i++) {
    const [before, after] = [points[i - 1]!, points[i]!];
    if (before.value === null || after.value === null || after.value >= half) continue;
    const share = (before.value - half) / (before.value - after.value);
    return before.strength + share * (after.strength - before.strength);
  }
  return null;
}
