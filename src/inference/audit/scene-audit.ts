import type { Size } from '../../data/dataset.js';
import { connectedComponents } from '../../shared/connected-components.js';
import type { SceneCounts } from '../../shared/evaluation.js';
import { addToSoftmin, createSoftmin, type SoftminSums } from '../../shared/label-quality.js';
import { countScene, type SeenScene } from '../count-scene.js';
import { type LabelScores } from './score-labels.js';
import { findSuspects, type SuspectRegion } from './suspect-regions.js';

/** Objects are told apart by size: so many pixels and more, at the model's size. */
export const OBJECT_SIZES = [24, 100, 400, 1600, 6400, 25600] as const;
/** The picture is divided into so many places. */
export const PLACES = { rows: 6, columns: 8 } as const;
/** Pixels so near to another label count as border, as the trimaps of Kohli et al. 2009 have it. */
export const BORDER = 3;

/** Counts that are added up over scenes; of shape as said, flattened. */
export interface AuditSums {
  /** `[K, S, 3]` by class and size: objects, those found, those of them that are found under attack. */
  readonly objects: Float64Array;
  /** `[rows, columns, 3]`: labelled pixels, wrong ones, wrong ones under attack. */
  readonly places: Float64Array;
  /** `[2, 3]` inside and at borders: as the places. */
  readonly borders: Float64Array;
  /** `[K, K]`: pixels by the class before the attack and under it. */
  readonly flow: Float64Array;
}

/** What is found in one scene. */
export interface SceneAudit {
  readonly counts: SceneCounts;
  /** Of the scores of each class's labelled pixels. */
  readonly quality: readonly SoftminSums[];
  readonly suspects: readonly SuspectRegion[];
  readonly sums: AuditSums;
  /** Mean luma of the picture, 0..1. */
  readonly brightness: number;
  /** What the picture looks like, in figures that outliers are told by: colours, contrast, detail, the classes seen, how sure. */
  readonly look: readonly number[];
}

/** Builds sums of no scenes. */
export function createAuditSums(classCount: number): AuditSums {
  return {
    objects: new Float64Array(classCount * OBJECT_SIZES.length * 3),
    places: new Float64Array(PLACES.rows * PLACES.columns * 3),
    borders: new Float64Array(2 * 3),
    flow: new Float64Array(classCount * classCount),
  };
}

/** Adds `other` to `sums`, in place. */
export function mergeAuditSums(sums: AuditSums, other: AuditSums): void {
  for (const name of Object.keys(sums) as (keyof AuditSums)[]) {
    const [own, more] = [sums[name], other[name]];
    for (let i = 0; i < own.length; i++) own[i]! += more[i]!;
  }
}

/** Looks for the faults of one scene: of the victim, and of the label. */
export function auditScene(
  seen: SeenScene,
  scores: LabelScores,
  options: { readonly classCount: number; readonly ignoreIndex: number; readonly size: Size },
): SceneAudit {
  const { classCount, ignoreIndex, size } = options;
  const sums = createAuditSums(classCount);
  addPixels(sums, seen, options);
  addObjects(sums.objects, seen, options);
  return {
    counts: countScene(seen, options),
    quality: qualityByClass(seen.label, scores.given, classCount, ignoreIndex),
    suspects: findSuspects(scores, seen.label, size, ignoreIndex),
    sums,
    ...lookOf(seen, scores, options),
  };
}

function qualityByClass(
  label: Uint8Array,
  given: Float32Array,
  classCount: number,
  ignoreIndex: number,
): SoftminSums[] {
  const quality = Array.from({ length: classCount }, createSoftmin);
  for (let i = 0; i < label.length; i++) {
    if (label[i] !== ignoreIndex) addToSoftmin(quality[label[i]!]!, given[i]!);
  }
  return quality;
}

function addPixels(
  { places, borders, flow }: AuditSums,
  { label, before, attack }: SeenScene,
  options: { readonly classCount: number; readonly ignoreIndex: number; readonly size: Size },
): void {
  const { classCount, ignoreIndex, size } = options;
  const { height, width } = size;
  const after = attack?.after ?? before;
  const isBorder = findBorders(label, size);
  for (let y = 0, i = 0; y < height; y++) {
    const row = Math.floor((y * PLACES.rows) / height) * PLACES.columns;
    for (let x = 0; x < width; x++, i++) {
      flow[before[i]! * classCount + after[i]!]!++;
      const given = label[i]!;
      if (given === ignoreIndex) continue;
      const place = 3 * (row + Math.floor((x * PLACES.columns) / width));
      const border = 3 * isBorder[i]!;
      places[place]!++;
      borders[border]!++;
      if (before[i] !== given) {
        places[place + 1]!++;
        borders[border + 1]!++;
      }
      if (after[i] !== given) {
        places[place + 2]!++;
        borders[border + 2]!++;
      }
    }
  }
}

/** 1 where another label lies within {@link BORDER} pixels along both axes, else 0. */
function findBorders(label: Uint8Array, { height, width }: Size): Uint8Array {
  const changes = new Uint8Array(label.length);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      if (x + 1 < width && label[i] !== label[i + 1]) changes[i] = changes[i + 1] = 1;
      if (y + 1 < height && label[i] !== label[i + width]) changes[i] = changes[i + width] = 1;
    }
  }
  const across = spreadAlong(changes, { count: height, length: width, next: width, step: 1 });
  return spreadAlong(across, { count: width, length: height, next: 1, step: width });
}

/** Marks what lies within {@link BORDER} − 1 of a mark along lines. */
function spreadAlong(
  marks: Uint8Array,
  lines: {
    readonly count: number;
    readonly length: number;
    readonly next: number;
    readonly step: number;
  },
): Uint8Array {
  const spread = new Uint8Array(marks.length);
  for (let line = 0; line < lines.count; line++) {
    let markedUntil = -1;
    for (let at = 0; at < lines.length; at++) {
      const i = line * lines.next + at * lines.step;
      if (marks[i] === 0) continue;
      const from = Math.max(markedUntil + 1, at - BORDER + 1);
      const to = Math.min(lines.length - 1, at + BORDER - 1);
      for (let j = from; j <= to; j++) spread[line * lines.next + j * lines.step] = 1;
      markedUntil = to;
    }
  }
  return spread;
}

/** An object is a connected region of one label; it is found where more than half of its pixels are. */
function addObjects(
  objects: Float64Array,
  { label, before, attack }: SeenScene,
  { ignoreIndex, size }: { readonly ignoreIndex: number; readonly size: Size },
): void {
  const { ids, components } = connectedComponents(label, size, ignoreIndex);
  const hits = new Int32Array(components.length);
  const hitsAttacked = new Int32Array(components.length);
  const after = attack?.after ?? before;
  for (let i = 0; i < ids.length; i++) {
    const id = ids[i]!;
    if (id < 0) continue;
    if (before[i] === label[i]) hits[id]!++;
    if (after[i] === label[i]) hitsAttacked[id]!++;
  }
  components.forEach(({ value, pixels }, id) => {
    const size = sizeOf(pixels);
    if (size < 0) return;
    const at = 3 * (value * OBJECT_SIZES.length + size);
    objects[at]!++;
    if (2 * hits[id]! <= pixels) return;
    objects[at + 1]!++;
    if (2 * hitsAttacked[id]! > pixels) objects[at + 2]!++;
  });
}

/** Which of {@link OBJECT_SIZES}; −1 for less than the least. */
function sizeOf(pixels: number): number {
  return OBJECT_SIZES.findLastIndex((least) => pixels >= least);
}

function lookOf(
  { image, before }: SeenScene,
  { confidence }: LabelScores,
  { classCount, size }: { readonly classCount: number; readonly size: Size },
): Pick<SceneAudit, 'brightness' | 'look'> {
  const pixels = size.height * size.width;
  const sums = [0, 0, 0];
  const squares = [0, 0, 0];
  let detail = 0;
  for (let at = 0; at < image.length; at += 3) {
    for (let c = 0; c < 3; c++) {
      const value = image[at + c]!;
      sums[c]! += value;
      squares[c]! += value * value;
    }
    if (at > 0) detail += Math.abs(image[at + 1]! - image[at - 2]!);
  }
  const means = sums.map((sum) => sum / pixels / 255);
  const deviations = squares.map((sum, c) =>
    Math.sqrt(Math.max(0, sum / pixels / 255 ** 2 - means[c]! ** 2)),
  );
  const shares = new Array<number>(classCount).fill(0);
  let sureness = 0;
  for (let i = 0; i < pixels; i++) {
    shares[before[i]!]! += 1 / pixels;
    sureness += confidence[i]!;
  }
  const [red, green, blue] = means as [number, number, number];
  return {
    brightness: 0.299 * red + 0.587 * green + 0.114 * blue, // BT.601
    look: [...means, ...deviations, detail / pixels / 255, sureness / pixels, ...shares],
  };
}
