import type { Dataset, Size } from '../data/dataset.js';
import { typescriptWorkerOptions } from '../data/typescript-worker.js';
import type { SceneCounts } from '../shared/evaluation.js';
import type { EvaluateSetup } from './evaluate-protocol.js';
import type { OpenedModel } from './open-model.js';
import { createScenePool, type ScenePool } from './scene-pool.js';
import { findServingForm } from './model-forms.js';

export interface EvaluationPoolOptions {
  readonly victim: OpenedModel;
  /** Attacks each picture before the victim sees it a second time. */
  readonly attacker?: OpenedModel | undefined;
  /** What scenes are scaled to. */
  readonly size: Size;
  /** Worker threads: scenes evaluated at once, each in sessions of one thread. */
  readonly threads: number;
  /** Leaves the cores to whoever else wants them, nine tenths of the time (on Linux). @defaultValue false */
  readonly background?: boolean | undefined;
}

/**
 * Starts worker threads that count scenes, before and after an attack. The caller closes it.
 *
 * The victim runs in its serving form where `NAME.serve.onnx` lies beside it.
 *
 * @param classTable - of the scenes: the victim's classes, in its order.
 */
export async function createEvaluationPool(
  { classTable: { classes, ignoreIndex } }: Pick<Dataset, 'classTable'>,
  { victim, attacker, size, threads, background = false }: EvaluationPoolOptions,
): Promise<ScenePool<SceneCounts>> {
  return createScenePool<SceneCounts, EvaluateSetup>({
    worker: typescriptWorkerOptions('./evaluate-worker.ts', import.meta.url),
    name: 'evaluateScene',
    setup: {
      victim: {
        path: victim.path,
        servingPath: await findServingForm(victim),
        classCount: victim.facts.classes.length,
      },
      attacker: attacker === undefined ? null : { path: attacker.path },
      classCount: classes.length,
      ignoreIndex,
      size,
      background,
    },
    threads,
    size,
  });
}
