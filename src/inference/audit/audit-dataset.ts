import { availableParallelism } from 'node:os';
import type { Dataset, Size } from '../../data/dataset.js';
import { matchOutputs } from '../../data/reorder-classes.js';
import { typescriptWorkerOptions } from '../../data/typescript-worker.js';
import type { ClassTable } from '../../shared/classes.js';
import type { ConfusionMatrix } from '../../shared/confusion-matrix.js';
import { scoresOf } from '../../shared/confusion-matrix.js';
import {
  addScene,
  createEvaluationTally,
  type EvaluationResult,
  resultOf,
} from '../../shared/evaluation.js';
import { createSoftmin, labelQuality, mergeSoftmin } from '../../shared/label-quality.js';
import {
  addToBootstrap,
  bootstrapIou,
  bootstrapMiou,
  createBootstrap,
} from '../../shared/poisson-bootstrap.js';
import { assertNotAborted } from '../gate.js';
import type { OpenedModel } from '../open-model.js';
import { createScenePool, forEachScene, type Perturber, type ScenePool } from '../scene-pool.js';
import type { AuditSetup } from './audit-worker.js';
import { suspicionsOf } from './rank-images.js';
import { scoreSuspect } from './rank-suspects.js';
import { type AuditSums, createAuditSums, mergeAuditSums, type SceneAudit } from './scene-audit.js';
import type { SceneObject } from './scene-objects.js';
import type { Box, SuspectRegion } from './suspect-regions.js';

export interface AuditOptions {
  readonly victim: OpenedModel;
  /** In place of one victim for all scenes, one for each part of them that has not learned from it; `victim` then only names them. */
  readonly folds?: readonly AuditFold[] | undefined;
  /** Without one, only the clean pictures are looked at. */
  readonly attacker?: OpenedModel | undefined;
  /** Or perturbs them here, in place of an attacker. */
  readonly perturber?: Perturber | undefined;
  /** The scenes, by index. @defaultValue all */
  readonly order?: readonly number[] | undefined;
  /** What scenes are scaled to. @defaultValue the victim's input size */
  readonly size?: Size | undefined;
  /** Keeps every object of every scene: for few scenes, since memory grows with them. @defaultValue false */
  readonly listsObjects?: boolean | undefined;
  /** Worker threads. @defaultValue one for every core */
  readonly threads?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Told once the models are loaded (0 done), and after each scene. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** Scenes, by index, and the victim that judges them. */
export interface AuditFold {
  readonly victim: OpenedModel;
  readonly order: readonly number[];
}

/** What is found about one scene. Shares are in 0..1; null is what there is none of. */
export interface AuditedImage {
  /** In the data set. */
  readonly index: number;
  readonly image: string;
  /** Softmin of the probabilities of the given labels, 0..1: low is suspicious. */
  readonly labelQuality: number | null;
  /** How suspicious its labels are among those of the split, in standard deviations: see `suspicionsOf`. */
  readonly suspicion: number;
  readonly miou: number | null;
  readonly miouAttacked: number | null;
  readonly pixelAccuracy: number | null;
  readonly pixelAccuracyAttacked: number | null;
  /** Mean luma. */
  readonly brightness: number;
  readonly look: readonly number[];
}

/** A region whose label is probably wrong. */
export interface Suspect extends SuspectRegion {
  readonly index: number;
  readonly image: string;
  /** The box in pixels of the label's file. */
  readonly labelBox: Box;
  /** 0..1: how much it looks like a fault of the label rather than of the victim. */
  readonly score: number;
}

/** An object of one scene. */
export interface AuditedObject extends SceneObject {
  readonly index: number;
  readonly image: string;
  /** The box in pixels of the label's file. */
  readonly labelBox: Box;
}

export interface Audit {
  readonly evaluation: EvaluationResult;
  /** In the victim's order; the ignored class may stand behind the victim's own. */
  readonly classTable: ClassTable;
  readonly size: Size;
  /** In the order of the scenes. */
  readonly images: readonly AuditedImage[];
  /** In falling order of score. */
  readonly suspects: readonly Suspect[];
  /** By class; null for one that is never given. */
  readonly classQuality: readonly (number | null)[];
  /** By given and predicted class. */
  readonly matrix: ConfusionMatrix;
  readonly matrixAttacked: ConfusionMatrix;
  readonly sums: AuditSums;
  /** In the order of the scenes, row by row; empty unless they are listed. */
  readonly objects: readonly AuditedObject[];
  /** Of 200 draws of the scenes; `attacked` is of no use without an attacker. */
  readonly bootstrap: {
    readonly miou: readonly (number | null)[];
    readonly miouAttacked: readonly (number | null)[];
    readonly iou: readonly (readonly (number | null)[])[];
  };
}

/** The most regions in memory, the likeliest. */
const MOST_SUSPECTS = 20_000;
const REPLICATES = 200;

/**
 * Looks for faults in a victim and in the labels of a split, in one pass: what is kept of a scene is a line of figures and its few suspects.
 *
 * @param dataset - its classes may stand in another order than the victim's. The caller closes it.
 * @throws SegprobeError as `evaluateDataset`.
 */
export async function auditDataset(dataset: Dataset, options: AuditOptions): Promise<Audit> {
  const { victim, attacker, perturber, signal, onProgress } = options;
  const threads = options.threads ?? availableParallelism();
  const scenes = matchOutputs(dataset, victim.facts.classes);
  const { classes, ignoreIndex } = scenes.classTable;
  const { size = victim.facts.inputSize } = options;
  const order = options.order ?? Array.from({ length: scenes.length }, (_, i) => i);
  const folds = options.folds ?? [{ victim, order }];
  const total = folds.reduce((sum, fold) => sum + fold.order.length, 0);
  const tally = createEvaluationTally(classes.length);
  const quality = createSoftmin(classes.length);
  const sums = createAuditSums(classes.length);
  const [clean, attacked] = [0, 1].map(() => createBootstrap(classes.length, REPLICATES)) as [
    ReturnType<typeof createBootstrap>,
    ReturnType<typeof createBootstrap>,
  ];
  const images: Omit<AuditedImage, 'suspicion'>[] = [];
  const regions: Omit<Suspect, 'score'>[] = [];
  const objects: AuditedObject[] = [];
  const add = (found: SceneAudit, index: number, originalSize: Size): void => {
    const { counts } = found;
    const image = scenes.nameOf(index);
    addScene(tally, counts, ignoreIndex);
    mergeAuditSums(sums, found.sums);
    mergeSoftmin(quality, found.quality);
    addToBootstrap(clean, index, counts.matrix);
    if (counts.attack !== null) addToBootstrap(attacked, index, counts.attack.matrix);
    images.push(toImage(found, { index, image, ignoreIndex }));
    const placed = <T extends { readonly box: Box }>(own: T) => ({
      ...{ ...own, index, image },
      labelBox: scaleBox(own.box, size, originalSize),
    });
    regions.push(...found.suspects.map(placed));
    if (options.listsObjects) objects.push(...found.objects.map(placed));
    if (regions.length > 2 * MOST_SUSPECTS) {
      regions.sort((a, b) => b.margin * b.pixels - a.margin * a.pixels).splice(MOST_SUSPECTS);
    }
    onProgress?.(tally.images, total);
  };
  let seconds = 0;
  for (const fold of folds) {
    const pool = createAuditPool(fold.victim, { attacker, threads, size, classes, ignoreIndex });
    try {
      await pool.warmUp();
      assertNotAborted(signal);
      if (tally.images === 0) onProgress?.(0, total);
      const started = performance.now();
      await forEachScene(scenes, pool, { order: fold.order, add, perturber, signal });
      seconds += (performance.now() - started) / 1000;
    } finally {
      await pool.close();
    }
  }
  const { name, split } = scenes;
  const changedBy = perturber?.name ?? attacker?.name ?? null;
  const names = {
    ...{ victim: victim.name, attacker: changedBy },
    ...{ dataset: name, split },
  };
  const { matrix } = tally.clean;
  const suspects = regions
    .map((region) => ({ ...region, score: scoreSuspect(region, matrix) }))
    .sort((a, b) => b.score - a.score);
  const likeliest = new Map<number, number>();
  for (const { index, score } of suspects) {
    if (!likeliest.has(index)) likeliest.set(index, score);
  }
  const suspicions = suspicionsOf(
    images.map(({ index, labelQuality }) => ({
      labelQuality,
      likeliest: likeliest.get(index) ?? 0,
    })),
  );
  return {
    evaluation: resultOf(tally, scenes.classTable, names, seconds),
    classTable: scenes.classTable,
    size,
    images: images.map((image, i) => ({ ...image, suspicion: suspicions[i]! })),
    suspects,
    classQuality: labelQuality(quality).byClass,
    matrix,
    matrixAttacked: tally.attacked.matrix,
    sums,
    objects,
    bootstrap: {
      miou: bootstrapMiou(clean, ignoreIndex),
      miouAttacked: changedBy === null ? [] : bootstrapMiou(attacked, ignoreIndex),
      iou: bootstrapIou(clean, ignoreIndex),
    },
  };
}

function createAuditPool(
  victim: OpenedModel,
  {
    attacker,
    threads,
    size,
    classes,
    ignoreIndex,
  }: {
    readonly attacker: OpenedModel | undefined;
    readonly threads: number;
    readonly size: Size;
    readonly classes: ClassTable['classes'];
    readonly ignoreIndex: number;
  },
): ScenePool<SceneAudit> {
  return createScenePool<SceneAudit, AuditSetup>({
    worker: typescriptWorkerOptions('./audit-worker.ts', import.meta.url),
    name: 'auditOne',
    setup: {
      victim: {
        path: victim.path,
        servingPath: victim.servingPath,
        classCount: victim.facts.classes.length,
      },
      attacker: attacker === undefined ? null : { path: attacker.path },
      classCount: classes.length,
      ignoreIndex,
      size,
    },
    threads,
    size,
  });
}

function scaleBox([x0, y0, x1, y1]: Box, from: Size, to: Size): Box {
  const [across, down] = [to.width / from.width, to.height / from.height];
  return [
    Math.floor(x0 * across),
    Math.floor(y0 * down),
    Math.ceil(x1 * across),
    Math.ceil(y1 * down),
  ];
}

function toImage(
  { counts, quality, brightness, look }: SceneAudit,
  { index, image, ignoreIndex }: { index: number; image: string; ignoreIndex: number },
): Omit<AuditedImage, 'suspicion'> {
  const scores = scoresOf(counts.matrix, ignoreIndex);
  const attacked = counts.attack && scoresOf(counts.attack.matrix, ignoreIndex);
  return {
    index,
    image,
    labelQuality: labelQuality(quality).all,
    miou: scores.miou,
    miouAttacked: attacked?.miou ?? null,
    pixelAccuracy: scores.pixelAccuracy,
    pixelAccuracyAttacked: attacked?.pixelAccuracy ?? null,
    brightness,
    look,
  };
}
