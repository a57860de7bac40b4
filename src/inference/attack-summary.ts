import type { Rgb } from '../shared/classes.js';
import type { ModelFacts } from '../shared/manifest.js';
import type { Perturbation } from '../shared/perturbation.js';
import type { AttackedPicture } from './attack-picture.js';

/** What an attack on a picture did, in figures. Shares and IoU are in 0..1; IoU is null without a label. */
export interface AttackSummary extends Perturbation {
  readonly model: string;
  readonly method: string;
  readonly strength: number;
  readonly width: number;
  readonly height: number;
  /** Share of all pixels whose class changed. */
  readonly flippedShare: number;
  /** Every class of the model, in order. */
  readonly classes: readonly {
    readonly name: string;
    readonly color: Rgb;
    /** Of all pixels. */
    readonly share: number;
    readonly shareAttacked: number;
    /** Of the pixels that were of the class before the attack; null where there were none. */
    readonly flippedShare: number | null;
    readonly iou: number | null;
    readonly iouAttacked: number | null;
  }[];
  readonly miou: number | null;
  readonly miouAttacked: number | null;
  readonly pixelAccuracy: number | null;
  readonly pixelAccuracyAttacked: number | null;
}

/** Sums up what an attack on a picture did. */
export function summarizeAttack(
  { model, method, strength, picture, perturbation, before, after, comparison }: AttackedPicture,
  { classes, palette }: Pick<ModelFacts, 'classes' | 'palette'>,
): AttackSummary {
  const { width, height } = picture;
  const { scores } = comparison;
  const pixels = width * height;
  return {
    ...{ model, method, strength, width, height },
    ...perturbation,
    flippedShare: comparison.changedShare,
    classes: classes.map((name, k) => ({
      name,
      color: palette[k]!,
      share: before.pixelCounts[k]! / pixels,
      shareAttacked: after.pixelCounts[k]! / pixels,
      flippedShare: comparison.changedShareByClass[k] ?? null,
      iou: scores?.iou[k] ?? null,
      iouAttacked: scores?.iouAttacked[k] ?? null,
    })),
    miou: scores?.miou ?? null,
    miouAttacked: scores?.miouAttacked ?? null,
    pixelAccuracy: scores?.pixelAccuracy ?? null,
    pixelAccuracyAttacked: scores?.pixelAccuracyAttacked ?? null,
  };
}
