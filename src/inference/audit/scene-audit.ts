import type { Size } from '../../data/dataset.js';
import type { SceneCounts } from '../../shared/evaluation.js';
import { addToSoftmin, createSoftmin, type SoftminSums } from '../../shared/label-quality.js';
import { countScene, type SeenScene } from '../count-scene.js';
import { lookOf } from './scene-look.js';
import { findObjects, OBJECT_SIZES, type SceneObject, sizeOf } from './scene-objects.js';
import { addPixels, PLACES } from './scene-pixels.js';
import type { LabelScores } from './score-session.js';
import { findSuspects, type SuspectRegion } from './suspect-regions.js';

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
  readonly objects: readonly SceneObject[];
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
  const objects = findObjects(seen, options);
  addObjects(sums.objects, objects);
  return {
    counts: countScene(seen, options),
    quality,
    suspects: findSuspects(scores, seen.label, size, ignoreIndex),
    sums,
    objects,
    ...lookOf(seen, scores, options),
  };
}

function addObjects(sums: Float64Array, objects: readonly SceneObject[]): void {
  for (const { number, pixels, isFound, isFoundAttacked } of objects) {
    const at = 3 * (number * OBJECT_SIZES.length + sizeOf(pixels));
    sums[at]!++;
    if (isFound) sums[at + 1]!++;
    if (isFound && isFoundAttacked) sums[at + 2]!++;
  }
}
