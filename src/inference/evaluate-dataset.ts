import { availableParallelism } from 'node:os';
import type { Dataset, Size } from '../data/dataset.js';
import { matchOutputs } from '../data/reorder-classes.js';
import {
  addScene,
  createEvaluationTally,
  type EvaluationResult,
  resultOf,
} from '../shared/evaluation.js';
import { createEvaluationPool } from './evaluation-pool.js';
import { assertNotAborted } from './gate.js';
import type { OpenedModel } from './open-model.js';
import { forEachScene, type Perturber } from './scene-pool.js';

export interface EvaluateDatasetOptions {
  readonly victim: OpenedModel;
  /** Attacks each picture before the victim sees it a second time. */
  readonly attacker?: OpenedModel | undefined;
  /** Or perturbs them here, in place of an attacker. */
  readonly perturber?: Perturber | undefined;
  /** How many of the first scenes. @defaultValue all */
  readonly limit?: number | undefined;
  /** What scenes are scaled to. @defaultValue the victim's input size */
  readonly size?: Size | undefined;
  /** Worker threads: scenes evaluated at once. @defaultValue one for every core */
  readonly threads?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Told once the models are loaded (0 done), and after each scene. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/**
 * Measures a victim on a split, before and after an attack.
 *
 * The victim runs in its serving form where `NAME.serve.onnx` lies beside it. Pictures are decoded ahead on libuv's threads; each worker thread takes one scene at a time through sessions of one
 * thread, which on two cores gave 1.3 times the images of one session of two threads, and counts it; the main thread adds
 * up. At most four scenes a thread are in memory, however many the split has. Scenes are added in their order: the same
 * split gives the same numbers, whatever the threads.
 *
 * @param dataset - its classes may stand in another order than the victim's. The caller closes it.
 * @throws SegprobeError `DATASET_INVALID` where the classes are others, `MODEL_INVALID` for a model that does not do what
 *   its card says, `CANCELLED`, and what reading a scene throws.
 */
export async function evaluateDataset(
  dataset: Dataset,
  options: EvaluateDatasetOptions,
): Promise<EvaluationResult> {
  const { victim, attacker, perturber, signal, onProgress } = options;
  const { size = victim.facts.inputSize, threads = availableParallelism() } = options;
  const scenes = matchOutputs(dataset, victim.facts.classes);
  const { classes, ignoreIndex } = scenes.classTable;
  const total = Math.min(options.limit ?? Infinity, scenes.length);
  const pool = await createEvaluationPool(scenes, { victim, attacker, size, threads });
  const tally = createEvaluationTally(classes.length);
  try {
    await pool.warmUp();
    assertNotAborted(signal);
    onProgress?.(0, total);
    const started = performance.now();
    await forEachScene(scenes, pool, {
      order: Array.from({ length: total }, (_, i) => i),
      add: (counts) => {
        addScene(tally, counts, ignoreIndex);
        onProgress?.(tally.images, total);
      },
      perturber,
      signal,
    });
    const seconds = (performance.now() - started) / 1000;
    const { name, split } = scenes;
    const changedBy = perturber?.name ?? attacker?.name ?? null;
    const names = { victim: victim.name, attacker: changedBy, dataset: name, split };
    return resultOf(tally, scenes.classTable, names, seconds);
  } finally {
    await pool.close();
  }
}
