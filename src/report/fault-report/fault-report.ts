import type { Fault } from '../../data/check/fault.js';
import type { AttackerStudy } from '../../inference/audit/attacker-study.js';
import type { AttackTransfer } from '../../inference/audit/attack-transfer.js';
import type { AuditedImage } from '../../inference/audit/audit-dataset.js';
import type { EvaluationResult } from '../../shared/evaluation.js';

type Interval = readonly [low: number, high: number] | null;
type Box = readonly [x0: number, y0: number, x1: number, y1: number];

/** The sizes of objects that COCO tells apart. */
export const COCO_SIZES = [
  { size: 'small', fromPixels: 0 },
  { size: 'medium', fromPixels: 32 ** 2 },
  { size: 'large', fromPixels: 96 ** 2 },
] as const;

/** What `segprobe report --json` prints. Shares are in 0..1; what there is none of is null. */
export interface FaultReport {
  /** The most suspicious first; of equal ones, that of the lowest label quality. */
  readonly images: readonly Omit<AuditedImage, 'look' | 'index'>[];
  /** Regions whose label is probably wrong, in falling order of score; boxes in pixels of the label's file, x1 and y1 exclusive. */
  readonly suspects: readonly {
    readonly image: string;
    readonly given: string;
    readonly suggested: string;
    readonly box: Box;
    /** At the size that the victim saw. */
    readonly pixels: number;
    readonly score: number;
    readonly margin: number;
    /** `border`: a seam along the edge of an object; `object`: deeper. */
    readonly kind: 'border' | 'object';
    /** Shows the image again. */
    readonly command: string;
  }[];
  /** All suspects of score 0.5 and more, however many are listed: those inside objects, and seams along borders. */
  readonly labelNoise: Readonly<
    Record<'object' | 'border', { readonly regions: number; readonly pixels: number }>
  >;
  readonly classes: readonly {
    readonly name: string;
    readonly iou: number | null;
    readonly iouInterval: Interval;
    readonly iouAttacked: number | null;
    /** Share of the IoU that the attack takes; null without one, or without an IoU. */
    readonly fragility: number | null;
    /** The share of the attacker's change that takes half of the class's IoU; null where none does. */
    readonly lostAtStrength: number | null;
    readonly labelQuality: number | null;
    readonly pixels: number;
  }[];
  readonly evaluation: EvaluationResult;
  /** Of cross-validation: the models, each trained on all scenes but those that it judges; null of one model for all. */
  readonly folds: readonly { readonly victim: string; readonly images: number }[] | null;
  /** 95 %, by the bootstrap over images. */
  readonly intervals: { readonly miou: Interval; readonly miouAttacked: Interval };
  /** mIoU of each draw of the bootstrap: two reports on the same scenes are compared draw by draw. */
  readonly bootstrap: {
    readonly miou: readonly (number | null)[];
    readonly miouAttacked: readonly (number | null)[];
  };
  /** Pixels labelled one class and predicted another, the most first; the share is of the class's labelled pixels. */
  readonly confusions: readonly Confusion[];
  readonly confusionsAttacked: readonly Confusion[];
  /** What the attack makes of what the victim said before; the share is of the pixels that it said so of. */
  readonly flows: readonly Confusion[];
  /** The classes that suspects of kind `object` are given and should have. */
  readonly swaps: readonly {
    readonly given: string;
    readonly suggested: string;
    readonly regions: number;
    readonly pixels: number;
  }[];
  /** Connected regions of one label, by size; found where more than half of the pixels are. */
  readonly objects: readonly {
    readonly fromPixels: number;
    /** Exclusive; null for the largest. */
    readonly toPixels: number | null;
    readonly objects: number;
    readonly found: number;
    readonly foundAttacked: number;
    readonly lostAtStrength: number | null;
  }[];
  /** `[row][column]` from the top left: shares of labelled pixels that are wrong; null where nothing is labelled. */
  readonly places: readonly (readonly {
    readonly wrong: number | null;
    readonly wrongAttacked: number | null;
  }[])[];
  /** Within 3 pixels of another label, and elsewhere. */
  readonly borders: {
    readonly atBorders: Wrongness;
    readonly inside: Wrongness;
  };
  /** Pictures in four equal parts by brightness (mean luma), the darkest first. */
  readonly brightness: readonly {
    readonly from: number;
    readonly to: number;
    readonly images: number;
    readonly pixelAccuracy: number | null;
    readonly pixelAccuracyAttacked: number | null;
  }[];
  /** Shares of the attacker's change, on some of the images; null without an attacker. */
  readonly strengths: {
    readonly images: number;
    readonly points: readonly {
      readonly strength: number;
      /** The greatest change of a colour, 0..1: ε of an attacker with a budget on L∞. */
      readonly linf: number;
      /** Null for no change. */
      readonly psnrDb: number | null;
      readonly miou: number | null;
      readonly miouInterval: Interval;
    }[];
    /** Objects that are found in the clean pictures, those lost first before others, the largest of them first. */
    readonly objects: readonly {
      readonly image: string;
      readonly class: string;
      readonly box: Box;
      /** At the size that the victim saw. */
      readonly pixels: number;
      /** The smallest strength tried at which it is found no more; null where it always is. */
      readonly lostAtStrength: number | null;
    }[];
    /** Those objects by class and size (COCO's: small below 32², large from 96² pixels on). */
    readonly objectsByClass: readonly {
      readonly name: string;
      readonly sizes: readonly {
        readonly size: (typeof COCO_SIZES)[number]['size'];
        readonly objects: number;
        /** The median of the strengths at which they are lost; null where half of them or more never are. */
        readonly lostAtStrength: number | null;
        /** Share that the whole attack takes; null of none. */
        readonly lost: number | null;
      }[];
    }[];
  } | null;
  /** Every attacker at hand on every victim of these classes, on some of the images; null without several. */
  readonly transfer: AttackTransfer | null;
  /** What the attacker does to pictures, on some of them; null without one. */
  readonly attackerStudy: Omit<AttackerStudy, 'common'> | null;
  /** Pictures unlike the rest, by what; in robust standard deviations. */
  readonly outliers: readonly {
    readonly image: string;
    readonly what: string;
    readonly distance: number;
  }[];
  /** Classes of less than a thousandth of the labelled pixels. */
  readonly rareClasses: readonly { readonly name: string; readonly share: number }[];
  /** Of all splits, near-duplicates within and across them among others; null where the data set does not lie in files, or nobody looked. */
  readonly fileFaults:
    | readonly {
        readonly kind: Fault['kind'];
        readonly what: string;
        readonly count: number;
        /** The first, by the names of their files. */
        readonly examples: readonly {
          readonly split: string;
          readonly file: string;
          /** What it is a duplicate of, for instance. */
          readonly others: readonly string[];
        }[];
      }[]
    | null;
  /** Gives the report again. */
  readonly command: string;
}

/** Pixels of one class that are predicted to be another. */
export interface Confusion {
  readonly from: string;
  readonly to: string;
  readonly pixels: number;
  readonly share: number;
}

/** How many pixels there are, and the shares of them that are wrong. */
export interface Wrongness {
  readonly pixels: number;
  readonly wrong: number | null;
  readonly wrongAttacked: number | null;
}
