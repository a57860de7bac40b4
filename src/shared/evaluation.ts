import type { ClassTable } from './classes.js';
import {
  type ConfusionMatrix,
  createConfusionMatrix,
  mergeConfusionMatrix,
  scoresOf,
} from './confusion-matrix.js';
import {
  addPerturbation,
  createPerturbationSums,
  meanPerturbation,
  type Perturbation,
  type PerturbationSums,
} from './perturbation.js';

/** What was counted on one scene. */
export interface SceneCounts {
  /** Of the clean picture. */
  readonly matrix: ConfusionMatrix;
  /** Of the attacked picture; null without an attacker. */
  readonly attack: {
    readonly matrix: ConfusionMatrix;
    readonly perturbation: Perturbation;
    /** Share of all the picture's pixels whose predicted class the attack changed, 0..1. */
    readonly flippedShare: number;
  } | null;
}

/** What one scene adds to the figures that are means over the scenes. */
export interface SceneFigures {
  /** The scene's own mIoU; null where it has none. */
  readonly miou: number | null;
  readonly attack: {
    readonly miou: number | null;
    readonly perturbation: Perturbation;
    readonly flippedShare: number;
  } | null;
}

/** Scenes added up one by one: as large for a million as for one. */
export interface EvaluationTally {
  images: number;
  readonly clean: ScoreTally;
  readonly attacked: ScoreTally;
  readonly perturbation: PerturbationSums;
  flippedShare: number;
}

interface ScoreTally {
  readonly matrix: ConfusionMatrix;
  /** Of the scenes that have a mIoU of their own. */
  imageMiou: number;
  scored: number;
}

/** What `segprobe evaluate --json` prints. Shares are in 0..1; what there is none of is null. */
export interface EvaluationResult extends AttackFigures {
  readonly images: number;
  /** Every class of the data set, in the victim's order; the ignored class has neither IoU nor pixels. */
  readonly classes: readonly {
    readonly name: string;
    readonly iou: number | null;
    readonly iouAttacked: number | null;
    /** Share of the class's labelled pixels predicted as it. */
    readonly accuracy: number | null;
    readonly accuracyAttacked: number | null;
    /** Labelled pixels. */
    readonly pixels: number;
  }[];
  /** Mean over the classes that occur of the IoU over the whole data set: the standard figure. */
  readonly miou: number | null;
  readonly pixelAccuracy: number | null;
  /** Mean over the classes that occur in the labels of their accuracy. */
  readonly classAccuracy: number | null;
  /** Mean over the images of each image's own mIoU: large objects do not hide small ones. */
  readonly imageMiou: number | null;
  readonly imagesPerSecond: number;
  readonly victim: string;
  readonly attacker: string | null;
  readonly dataset: string;
  readonly split: string;
}

/** The figures that are null without an attacker. */
interface AttackFigures {
  readonly miouAttacked: number | null;
  readonly pixelAccuracyAttacked: number | null;
  readonly classAccuracyAttacked: number | null;
  readonly imageMiouAttacked: number | null;
  /** Mean over the images of the share of pixels whose predicted class the attack changed. */
  readonly flippedShare: number | null;
  /** Mean over the images that changed; of the 8-bit pictures, as are the next three. */
  readonly psnrDb: number | null;
  /** Mean over the images, of the luma. */
  readonly ssim: number | null;
  /** Mean over the images of the Euclidean norm of the difference, colours in 0..1. */
  readonly l2: number | null;
  /** The greatest difference of any channel of any pixel of any image, colours in 0..1. */
  readonly linf: number | null;
}

/** Builds a tally of no scenes. */
export function createEvaluationTally(classCount: number): EvaluationTally {
  const scores = (): ScoreTally => ({
    matrix: createConfusionMatrix(classCount),
    imageMiou: 0,
    scored: 0,
  });
  return {
    images: 0,
    clean: scores(),
    attacked: scores(),
    perturbation: createPerturbationSums(),
    flippedShare: 0,
  };
}

/** Adds one scene to `tally`, in place. The same scenes in the same order give the same numbers to the last bit. */
export function addScene(tally: EvaluationTally, counts: SceneCounts, ignoreIndex: number): void {
  mergeConfusionMatrix(tally.clean.matrix, counts.matrix);
  if (counts.attack !== null) mergeConfusionMatrix(tally.attacked.matrix, counts.attack.matrix);
  addFigures(tally, figuresOf(counts, ignoreIndex));
}

/** What a scene adds beside its pixels. */
export function figuresOf({ matrix, attack }: SceneCounts, ignoreIndex: number): SceneFigures {
  return {
    miou: scoresOf(matrix, ignoreIndex).miou,
    attack: attack && {
      miou: scoresOf(attack.matrix, ignoreIndex).miou,
      perturbation: attack.perturbation,
      flippedShare: attack.flippedShare,
    },
  };
}

/** Adds one scene's figures to `tally`, in place; its pixels are added apart. */
export function addFigures(tally: EvaluationTally, { miou, attack }: SceneFigures): void {
  tally.images++;
  addMiou(tally.clean, miou);
  if (attack === null) return;
  addMiou(tally.attacked, attack.miou);
  addPerturbation(tally.perturbation, attack.perturbation);
  tally.flippedShare += attack.flippedShare;
}

/** Sums a tally up. */
export function resultOf(
  tally: EvaluationTally,
  { classes, ignoreIndex }: ClassTable,
  names: Pick<EvaluationResult, 'victim' | 'attacker' | 'dataset' | 'split'>,
  seconds: number,
): EvaluationResult {
  const { images } = tally;
  const isAttacked = names.attacker !== null && images > 0;
  const [clean, attacked] = [tally.clean, tally.attacked].map((scores) => ({
    ...scoresOf(scores.matrix, ignoreIndex),
    imageMiou: quotient(scores.imageMiou, scores.scored),
  })) as [Scores, Scores];
  return {
    images,
    classes: classes.map(({ name }, k) => ({
      name,
      iou: clean.iou[k]!,
      iouAttacked: isAttacked ? attacked.iou[k]! : null,
      accuracy: clean.accuracy[k]!,
      accuracyAttacked: isAttacked ? attacked.accuracy[k]! : null,
      pixels: clean.pixels[k]!,
    })),
    miou: clean.miou,
    miouAttacked: isAttacked ? attacked.miou : null,
    pixelAccuracy: clean.pixelAccuracy,
    pixelAccuracyAttacked: isAttacked ? attacked.pixelAccuracy : null,
    classAccuracy: clean.classAccuracy,
    classAccuracyAttacked: isAttacked ? attacked.classAccuracy : null,
    imageMiou: clean.imageMiou,
    imageMiouAttacked: isAttacked ? attacked.imageMiou : null,
    flippedShare: isAttacked ? tally.flippedShare / images : null,
    ...meanPerturbation(tally.perturbation),
    imagesPerSecond: images / seconds,
    ...names,
  };
}

type Scores = ReturnType<typeof scoresOf> & {
  readonly imageMiou: number | null;
};

function addMiou(tally: ScoreTally, miou: number | null): void {
  if (miou === null) return;
  tally.imageMiou += miou;
  tally.scored++;
}

function quotient(sum: number, count: number): number | null {
  return count === 0 ? null : sum / count;
}
