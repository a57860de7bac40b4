import type { Rgb } from './classes.js';
import type { LabelComparison } from './compare-labels.js';
import type { ModelFacts } from './manifest.js';
import type { Perturbation } from './perturbation.js';
import type { Size } from './size.js';

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

/** A picture before and after an attack, as far as the figures go. */
export interface AttackedLabels {
  readonly model: string;
  readonly method: string;
  readonly strength: number;
  readonly picture: Size;
  readonly perturbation: Perturbation;
  /** Pixels by class. */
  readonly before: { readonly pixelCounts: readonly number[] };
  readonly after: { readonly pixelCounts: readonly number[] };
  readonly comparison: LabelComparison;
}

/** Sums up what an attack on a picture did. */
export function summarizeAttack(
  { model, method, strength, picture, perturbation, before, after, comparison }: AttackedLabels,
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
