import type { Dataset } from '../../data/dataset.js';
import { spread } from '../display-scenes.js';
import type { OpenedModel } from '../open-model.js';
import { createInferencePool } from '../pool.js';
import type { Perturber } from '../scene-pool.js';
import {
  type Audit,
  auditDataset,
  type AuditedObject,
  type AuditOptions,
} from './audit-dataset.js';
import { OBJECT_SIZES } from './scene-objects.js';

/** Shares of the attacker's change that are tried. */
export const STRENGTHS = [0.125, 0.25, 0.5, 0.75, 1] as const;

/** What is left at one strength. Shares are in 0..1; null is what there is none of. */
export interface StrengthPoint {
  readonly strength: number;
  readonly miou: number | null;
  /** mIoU of each draw of the bootstrap over the scenes. */
  readonly bootstrap: readonly (number | null)[];
  /** The greatest change of a colour, 0..1, and the mean PSNR in dB; null for that of no change. */
  readonly linf: number;
  readonly psnrDb: number | null;
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
  /** Those that are found in the clean pictures, in the order of the scenes. */
  readonly objects: readonly SweptObject[];
}

/** An object that is found in the clean picture. */
export interface SweptObject extends Omit<AuditedObject, 'isFound' | 'isFoundAttacked'> {
  /** The smallest strength tried at which it is found no more; null where it always is. */
  readonly lostAtStrength: number | null;
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
    const objects: (AuditedObject & Pick<SweptObject, 'lostAtStrength'>)[] = [];
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
      const own = { ...options, order, perturber, listsObjects: true };
      const audit = await auditDataset(dataset, own);
      if (points.length === 0) points.push(toPoint(0, audit, 'clean'));
      points.push(toPoint(strength, audit, 'attacked'));
      // The labels are the same each time: so are the objects, and their order.
      audit.objects.forEach((object, i) => {
        if (points.length === 2) objects.push({ ...object, lostAtStrength: null });
        if (object.isFoundAttacked) return;
        objects[i] = { ...object, lostAtStrength: objects[i]!.lostAtStrength ?? strength };
      });
    }
    const found = objects.filter(({ isFound }) => isFound);
    return { images: order.length, points, objects: found.map(toSweptObject) };
  } finally {
    await pool.close();
  }
}

function toSweptObject({
  isFound: _isFound,
  isFoundAttacked: _isFoundAttacked,
  ...object
}: AuditedObject & Pick<SweptObject, 'lostAtStrength'>): SweptObject {
  return object;
}

function toPoint(
  strength: number,
  { evaluation, sums, bootstrap }: Audit,
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
    bootstrap: which === 'clean' ? bootstrap.miou : bootstrap.miouAttacked,
    linf: which === 'clean' ? 0 : (evaluation.linf ?? 0),
    psnrDb: which === 'clean' ? null : evaluation.psnrDb,
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
