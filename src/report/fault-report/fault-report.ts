import path from 'node:path';
import { type Fault, FAULT_KINDS } from '../../data/check/fault.js';
import type { Audit, AuditedImage, Suspect } from '../../inference/audit/audit-dataset.js';
import type { AttackerStudy } from '../../inference/audit/attacker-study.js';
import { findOutliers } from '../../inference/audit/outliers.js';
import { OBJECT_SIZES, PLACES } from '../../inference/audit/scene-audit.js';
import { type StrengthSweep, strengthOfLoss } from '../../inference/audit/strength-sweep.js';
import { scoresOf } from '../../shared/confusion-matrix.js';
import type { EvaluationResult } from '../../shared/evaluation.js';
import { percentileInterval } from '../../shared/poisson-bootstrap.js';

type Interval = readonly [low: number, high: number] | null;
type Box = readonly [x0: number, y0: number, x1: number, y1: number];

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
    readonly points: readonly { readonly strength: number; readonly miou: number | null }[];
  } | null;
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

interface Confusion {
  readonly from: string;
  readonly to: string;
  readonly pixels: number;
  readonly share: number;
}

interface Wrongness {
  readonly pixels: number;
  readonly wrong: number | null;
  readonly wrongAttacked: number | null;
}

/** Regions less deep are seams along borders: annotators' hands, not wrong objects. */
const OBJECT_DEPTH = 4;
const RARE_SHARE = 0.001;
const MOST_SUSPECTS = 500;
const MOST_CONFUSIONS = 12;
const MOST_EXAMPLES = 20;

/** What a report sums up. */
export interface Findings {
  readonly audit: Audit;
  readonly sweep: StrengthSweep | null;
  readonly study: AttackerStudy | null;
  readonly fileFaults: readonly Fault[] | null;
  /** The command that gives the report again, or that of one image. */
  readonly commandOf: (image?: string) => string;
}

/** Sums up what was found. */
export function toFaultReport({
  audit,
  sweep,
  study,
  fileFaults,
  commandOf,
}: Findings): FaultReport {
  const { evaluation, classTable, bootstrap, matrix, matrixAttacked, sums } = audit;
  const names = classTable.classes.map(({ name }) => name);
  const isAttacked = evaluation.attacker !== null;
  const ignore = classTable.ignoreIndex;
  const labelled = evaluation.classes.reduce((sum, { pixels }) => sum + pixels, 0);
  return {
    images: audit.images
      .map(({ look: _look, index: _index, ...image }) => image)
      .sort((a, b) => b.suspicion - a.suspicion || (a.labelQuality ?? 1) - (b.labelQuality ?? 1)),
    suspects: audit.suspects.slice(0, MOST_SUSPECTS).map((suspect) => ({
      ...toSuspect(suspect, names),
      command: commandOf(suspect.image),
    })),
    classes: evaluation.classes.map(({ name, iou, iouAttacked, pixels }, k) => ({
      name,
      iou,
      iouInterval: iou === null ? null : percentileInterval(bootstrap.iou[k]!),
      iouAttacked,
      fragility: iou === null || iou === 0 || iouAttacked === null ? null : 1 - iouAttacked / iou,
      lostAtStrength: lostAt(sweep, (point) => point.iou[k]!),
      labelQuality: audit.classQuality[k]!,
      pixels,
    })),
    evaluation,
    intervals: {
      miou: percentileInterval(bootstrap.miou),
      miouAttacked: percentileInterval(bootstrap.miouAttacked),
    },
    bootstrap: { miou: bootstrap.miou, miouAttacked: bootstrap.miouAttacked },
    confusions: topPairs(matrix.counts, names),
    confusionsAttacked: isAttacked ? topPairs(matrixAttacked.counts, names) : [],
    flows: isAttacked ? topPairs(sums.flow, names) : [],
    swaps: swapsOf(audit.suspects, names),
    objects: OBJECT_SIZES.map((fromPixels, size) => {
      const count = (which: number): number =>
        names.reduce(
          (sum, _, k) => sum + sums.objects[3 * (k * OBJECT_SIZES.length + size) + which]!,
          0,
        );
      return {
        fromPixels,
        toPixels: OBJECT_SIZES[size + 1] ?? null,
        objects: count(0),
        found: count(1),
        foundAttacked: count(2),
        lostAtStrength: lostAt(sweep, (point) => point.foundBySize[size]!),
      };
    }),
    places: Array.from({ length: PLACES.rows }, (_row, row) =>
      Array.from({ length: PLACES.columns }, (_column, column) =>
        wrongness(sums.places, row * PLACES.columns + column, isAttacked),
      ),
    ),
    borders: {
      inside: wrongness(sums.borders, 0, isAttacked),
      atBorders: wrongness(sums.borders, 1, isAttacked),
    },
    brightness: byBrightness(audit.images),
    strengths: sweep && {
      images: sweep.images,
      points: sweep.points.map(({ strength, miou }) => ({ strength, miou })),
    },
    attackerStudy: study && withoutPicture(study),
    outliers: findOutliers(audit.images.map(({ look }) => look)).map(
      ({ number, distance, figure }) => ({
        image: audit.images[number]!.image,
        what: figureName(figure, names),
        distance,
      }),
    ),
    rareClasses: scoresOf(matrix, ignore)
      .pixels.map((pixels, k) => ({
        name: names[k]!,
        share: labelled === 0 ? 0 : pixels / labelled,
      }))
      .filter(({ share }, k) => k !== ignore && share < RARE_SHARE),
    fileFaults: fileFaults && byKind(fileFaults),
    command: commandOf(),
  };
}

function byKind(faults: readonly Fault[]): NonNullable<FaultReport['fileFaults']> {
  return (Object.keys(FAULT_KINDS) as Fault['kind'][]).flatMap((kind) => {
    const own = faults.filter((fault) => fault.kind === kind);
    if (own.length === 0) return [];
    const examples = own.slice(0, MOST_EXAMPLES).map(({ split, file, others = [] }) => ({
      split,
      file: path.basename(file),
      others: others.slice(0, MOST_EXAMPLES).map((other) => path.basename(other)),
    }));
    return [{ kind, what: FAULT_KINDS[kind], count: own.length, examples }];
  });
}

function withoutPicture({
  common: _common,
  ...figures
}: AttackerStudy): FaultReport['attackerStudy'] {
  return figures;
}

function toSuspect(
  suspect: Suspect,
  names: readonly string[],
): Omit<FaultReport['suspects'][number], 'command'> {
  return {
    image: suspect.image,
    given: names[suspect.given]!,
    suggested: names[suspect.suggested]!,
    box: suspect.labelBox,
    pixels: suspect.pixels,
    score: suspect.score,
    margin: suspect.margin,
    kind: suspect.depth < OBJECT_DEPTH ? 'border' : 'object',
  };
}

function lostAt(
  sweep: StrengthSweep | null,
  valueOf: (point: StrengthSweep['points'][number]) => number | null,
): number | null {
  if (sweep === null) return null;
  return strengthOfLoss(
    sweep.points.map((point) => ({ strength: point.strength, value: valueOf(point) })),
  );
}

/** The largest cells off the diagonal of `[K, K]` counts; shares are of their rows. */
function topPairs(counts: Float64Array, names: readonly string[]): Confusion[] {
  const pairs: Confusion[] = [];
  names.forEach((from, row) => {
    const own = counts.subarray(row * names.length, (row + 1) * names.length);
    const total = own.reduce((sum, count) => sum + count, 0);
    own.forEach((pixels, column) => {
      if (column === row || pixels === 0) return;
      pairs.push({ from, to: names[column]!, pixels, share: pixels / total });
    });
  });
  return pairs.sort((a, b) => b.pixels - a.pixels).slice(0, MOST_CONFUSIONS);
}

function swapsOf(suspects: readonly Suspect[], names: readonly string[]): FaultReport['swaps'] {
  const swaps = new Map<
    string,
    { given: string; suggested: string; regions: number; pixels: number }
  >();
  for (const { given, suggested, pixels, depth, score } of suspects) {
    if (depth < OBJECT_DEPTH || score < 0.5) continue;
    const key = `${given} ${suggested}`;
    const swap = swaps.get(key) ?? {
      ...{ given: names[given]!, suggested: names[suggested]! },
      ...{ regions: 0, pixels: 0 },
    };
    swaps.set(key, swap);
    swap.regions++;
    swap.pixels += pixels;
  }
  return [...swaps.values()].sort((a, b) => b.pixels - a.pixels).slice(0, MOST_CONFUSIONS);
}

function wrongness(counts: Float64Array, at: number, isAttacked: boolean): Wrongness {
  const [pixels, wrong, wrongAttacked] = counts.subarray(3 * at, 3 * at + 3) as unknown as [
    number,
    number,
    number,
  ];
  return {
    pixels,
    wrong: pixels === 0 ? null : wrong / pixels,
    wrongAttacked: pixels === 0 || !isAttacked ? null : wrongAttacked / pixels,
  };
}

function byBrightness(images: readonly AuditedImage[]): FaultReport['brightness'] {
  const sorted = [...images].sort((a, b) => a.brightness - b.brightness);
  const parts = Math.min(4, sorted.length);
  return Array.from({ length: parts }, (_, part) => {
    const own = sorted.slice(
      Math.floor((part * sorted.length) / parts),
      Math.floor(((part + 1) * sorted.length) / parts),
    );
    return {
      from: own[0]!.brightness,
      to: own.at(-1)!.brightness,
      images: own.length,
      pixelAccuracy: meanOf(own.map(({ pixelAccuracy }) => pixelAccuracy)),
      pixelAccuracyAttacked: meanOf(own.map(({ pixelAccuracyAttacked }) => pixelAccuracyAttacked)),
    };
  });
}

function meanOf(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
}

/** As `SceneAudit.look` lists them. */
function figureName(figure: number, names: readonly string[]): string {
  const fixed = [
    ...['red', 'green', 'blue', 'contrast of red', 'contrast of green', 'contrast of blue'],
    ...['fine detail', 'how sure the victim is'],
  ];
  return fixed[figure] ?? `share of ${names[figure - fixed.length]}`;
}
