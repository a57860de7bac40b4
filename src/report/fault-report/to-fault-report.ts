import path from 'node:path';
import { type Fault, FAULT_KINDS } from '../../data/check/fault.js';
import type { AttackerStudy } from '../../inference/audit/attacker-study.js';
import type { AttackTransfer } from '../../inference/audit/attack-transfer.js';
import type {
  Audit,
  AuditedImage,
  AuditFold,
  Suspect,
} from '../../inference/audit/audit-dataset.js';
import { findOutliers } from '../../inference/audit/outliers.js';
import { OBJECT_SIZES } from '../../inference/audit/scene-objects.js';
import { PLACES } from '../../inference/audit/scene-pixels.js';
import { type StrengthSweep, strengthOfLoss } from '../../inference/audit/strength-sweep.js';
import { scoresOf } from '../../shared/confusion-matrix.js';
import { percentileInterval } from '../../shared/poisson-bootstrap.js';
import type { Confusion, FaultReport, Wrongness } from './fault-report.js';
import { toStrengths } from './to-strengths.js';

/** Regions less deep are seams along borders: annotators' hands, not wrong objects. */
const OBJECT_DEPTH = 4;
/** Suspects below count for little. */
const LIKELY = 0.5;
const RARE_SHARE = 0.001;
const MOST_SUSPECTS = 500;
const MOST_CONFUSIONS = 12;
const MOST_EXAMPLES = 20;

/** What a report sums up. */
export interface Findings {
  readonly audit: Audit;
  readonly sweep: StrengthSweep | null;
  readonly study: AttackerStudy | null;
  readonly transfer: AttackTransfer | null;
  readonly folds?: readonly AuditFold[] | undefined;
  readonly fileFaults: readonly Fault[] | null;
  /** The command that gives the report again, or that of one image. */
  readonly commandOf: (image?: string) => string;
}

/** Sums up what was found. */
export function toFaultReport({
  audit,
  sweep,
  study,
  transfer,
  folds,
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
    labelNoise: {
      object: countLikely(audit.suspects, 'object'),
      border: countLikely(audit.suspects, 'border'),
    },
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
    folds:
      folds?.map(({ victim, order }) => ({ victim: victim.name, images: order.length })) ?? null,
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
    strengths: sweep && toStrengths(sweep, names),
    transfer,
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
    kind: kindOf(suspect),
  };
}

function kindOf({ depth }: Suspect): 'border' | 'object' {
  return depth < OBJECT_DEPTH ? 'border' : 'object';
}

function countLikely(
  suspects: readonly Suspect[],
  kind: 'border' | 'object',
): FaultReport['labelNoise']['object'] {
  const own = suspects.filter((suspect) => suspect.score >= LIKELY && kindOf(suspect) === kind);
  return { regions: own.length, pixels: own.reduce((sum, { pixels }) => sum + pixels, 0) };
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
  for (const suspect of suspects) {
    if (kindOf(suspect) === 'border' || suspect.score < LIKELY) continue;
    const { given, suggested, pixels } = suspect;
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
