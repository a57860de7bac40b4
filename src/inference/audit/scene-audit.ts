import type { Size } from '../../data/dataset.js';
import { connectedComponents } from '../../shared/connected-components.js';
import type { SceneCounts } from '../../shared/evaluation.js';
import { addToSoftmin, createSoftmin, type SoftminSums } from '../../shared/label-quality.js';
import { countScene, type SeenScene } from '../count-scene.js';
import { type LabelScores } from './score-session.js';
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
  readonly quality: SoftminSums;
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
  const quality = createSoftmin(classCount);
  addToSoftmin(quality, seen.label, scores.given, ignoreIndex);
  addPixels(sums, seen, options);
  addObjects(sums.objects, seen, options);
  return {
    counts: countScene(seen, options),
    quality,
    suspects: findSuspects(scores, seen.label, size, ignoreIndex),
    sums,
    ...lookOf(seen, scores, options),
  };
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
  // Pixels by place and by what holds of them, a bit each: wrong after, wrong before, at a border.
  const found = new Uint32Array(PLACES.rows * PLACES.columns * 8);
  const columnOf = Uint8Array.from({ length: width }, (_, x) =>
    Math.floor((x * PLACES.columns) / width),
  );
  for (let y = 0, i = 0; y < height; y++) {
    const row = Math.floor((y * PLACES.rows) / height) * PLACES.columns;
    for (let x = 0; x < width; x++, i++) {
      const given = label[i]!;
      const said = before[i]!;
      const saidAfter = after[i]!;
      flow[said * classCount + saidAfter]!++;
      if (given === ignoreIndex) continue;
      const wrong = (said === given ? 0 : 2) + (saidAfter === given ? 0 : 1);
      found[8 * (row + columnOf[x]!) + 4 * isBorder[i]! + wrong]!++;
    }
  }
  found.forEach((pixels, at) => {
    const [place, border] = [3 * (at >> 3), 3 * ((at >> 2) & 1)];
    const [wrong, wrongAfter] = [pixels * ((at >> 1) & 1), pixels * (at & 1)];
    [pixels, wrong, wrongAfter].forEach((count, k) => {
      places[place + k]! += count;
      borders[border + k]! += count;
    });
  });
}

/** 1 where another label lies within {@link BORDER} pixels along both axes, else 0. */
function findBorders(label: Uint8Array, { height, width }: Size): Uint8Array {
  const changes = new Uint8Array(label.length);
  for (let y = 0, i = 0; y < height; y++) {
    const below = y + 1 < height ? width : 0;
    for (let x = 0; x < width; x++, i++) {
      const own = label[i]!;
      if (own !== label[i + below]) changes[i] = changes[i + below] = 1;
      if (x + 1 < width && own !== label[i + 1]) changes[i] = changes[i + 1] = 1;
    }
  }
  const borders = new Uint8Array(label.length);
  const reach = BORDER - 1;
  for (let y = 0, i = 0; y < height; y++) {
    const [top, bottom] = [Math.max(0, y - reach), Math.min(height - 1, y + reach)];
    for (let x = 0; x < width; x++, i++) {
      if (changes[i] === 0) continue;
      const left = Math.max(0, x - reach);
      const right = Math.min(width - 1, x + reach);
      for (let row = top * width; row <= bottom * width; row += width) {
        for (let at = row + left; at <= row + right; at++) borders[at] = 1;
      }
    }
  }
  return borders;
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
  const { sums, squares, detail } = coloursOf(image);
  const means = sums.map((sum) => sum / pixels / 255);
  const deviations = squares.map((sum, c) =>
    Math.sqrt(Math.max(0, sum / pixels / 255 ** 2 - means[c]! ** 2)),
  );
  const counts = new Uint32Array(classCount);
  let sureness = 0;
  for (let i = 0; i < pixels; i++) {
    counts[before[i]!]!++;
    sureness += confidence[i]!;
  }
  const shares = Array.from(counts, (count) => count / pixels);
  const [red, green, blue] = means as [number, number, number];
  return {
    brightness: 0.299 * red + 0.587 * green + 0.114 * blue, // BT.601
    look: [...means, ...deviations, detail / pixels / 255, sureness / pixels, ...shares],
  };
}

/** Sums of red, green and blue, of their squares, and of the differences of neighbours' green: whole numbers, exact. */
function coloursOf(image: Uint8Array): {
  readonly sums: readonly number[];
  readonly squares: readonly number[];
  readonly detail: number;
} {
  let red = 0;
  let green = 0;
  let blue = 0;
  let reds = 0;
  let greens = 0;
  let blues = 0;
  let detail = 0;
  let last = image[1] ?? 0;
  for (let at = 0; at < image.length; at += 3) {
    const r = image[at]!;
    const g = image[at + 1]!;
    const b = image[at + 2]!;
    red += r;
    green += g;
    blue += b;
    reds += r * r;
    greens += g * g;
    blues += b * b;
    detail += Math.abs(g - last);
    last = g;
  }
  return { sums: [red, green, blue], squares: [reds, greens, blues], detail };
}
