import { availableParallelism } from 'node:os';
import { Piscina } from 'piscina';
import type { Dataset, Scene, Size } from '../data/dataset.js';
import { readAhead } from '../data/read-ahead.js';
import { matchOutputs } from '../data/reorder-classes.js';
import { typescriptWorkerOptions } from '../data/typescript-worker.js';
import {
  addScene,
  createEvaluationTally,
  type EvaluationResult,
  resultOf,
  type SceneCounts,
} from '../shared/evaluation.js';
import type { EvaluateSetup, EvaluateTask } from './evaluate-protocol.js';
import { assertNotAborted } from './gate.js';
import type { OpenedModel } from './open-model.js';
import { findServingForm } from './serving-form.js';
import { settleAll } from './settle-all.js';
import { createStartedThreads, untilStarted } from './started-threads.js';
import { throwRefusal, type WorkerRefusal } from './worker-refusal.js';

/** What changes pictures outside the worker threads: an attack by gradients, a control. */
export interface Perturber {
  /** What the result names as its attacker. */
  readonly name: string;
  /** How many scenes it takes at once; the last few may be fewer. */
  readonly batchSize: number;
  /**
   * @param scenes - with their labels in the victim's order of classes.
   * @param first - the number of the first scene.
   * @returns each picture perturbed, uint8 `[H, W, 3]` flattened.
   */
  perturb(
    scenes: readonly Scene[],
    first: number,
    signal?: AbortSignal,
  ): Promise<readonly Uint8Array[]>;
}

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
  const pool = createPool(
    {
      victim: {
        path: victim.path,
        servingPath: await findServingForm(victim),
        classCount: victim.facts.classes.length,
      },
      attacker: attacker === undefined ? null : { path: attacker.path },
      classCount: classes.length,
      ignoreIndex,
      size,
      started: createStartedThreads(),
    },
    threads,
  );
  const tally = createEvaluationTally(classes.length);
  const pending: Promise<SceneCounts>[] = [];
  const addOldest = async (): Promise<void> => {
    addScene(tally, await pending.shift()!, ignoreIndex);
    assertNotAborted(signal);
    onProgress?.(tally.images, total);
  };
  try {
    await pool.warmUp(size);
    assertNotAborted(signal);
    onProgress?.(0, total);
    const started = performance.now();
    const reading = readAhead(scenes, {
      size,
      order: Array.from({ length: total }, (_, i) => i),
      groupSize: perturber?.batchSize ?? 1,
      ahead: 2 * threads,
      collect: (group) => group,
      signal,
    });
    let first = 0;
    for await (const group of reading) {
      const perturbed = await perturber?.perturb(group, first, signal);
      first += group.length;
      for (const [i, scene] of group.entries()) {
        const counted = pool.count(scene, perturbed?.[i]);
        counted.catch(() => undefined); // Heard when its turn comes, or not at all once another has failed.
        pending.push(counted);
        if (pending.length >= 2 * threads) await addOldest();
      }
    }
    while (pending.length > 0) await addOldest();
    const seconds = (performance.now() - started) / 1000;
    const { name, split } = scenes;
    const changedBy = perturber?.name ?? attacker?.name ?? null;
    const names = { victim: victim.name, attacker: changedBy, dataset: name, split };
    return resultOf(tally, scenes.classTable, names, seconds);
  } finally {
    await Promise.allSettled(pending);
    await pool.close();
  }
}

interface EvaluationPool {
  /** Loads the models in every thread and runs each once. */
  warmUp(size: Size): Promise<void>;
  count(scene: Pick<Scene, 'image' | 'label'>, perturbed?: Uint8Array): Promise<SceneCounts>;
  close(): Promise<void>;
}

function createPool(setup: EvaluateSetup, threads: number): EvaluationPool {
  const piscina = new Piscina<EvaluateTask, SceneCounts | WorkerRefusal>({
    ...typescriptWorkerOptions('./evaluate-worker.ts', import.meta.url),
    name: 'evaluateScene',
    workerData: setup,
    minThreads: threads,
    maxThreads: threads,
  });
  const count: EvaluationPool['count'] = async (scene, perturbed) => {
    // Copied: sharp's memory cannot be moved to a thread.
    const task: EvaluateTask = {
      image: new Uint8Array(scene.image),
      label: new Uint8Array(scene.label),
      ...(perturbed !== undefined && { perturbed: new Uint8Array(perturbed) }),
    };
    const transferList = Object.values<Uint8Array<ArrayBuffer>>({ ...task }).map(
      ({ buffer }) => buffer,
    );
    return throwRefusal(await piscina.run(task, { transferList }));
  };
  return {
    count,
    async warmUp({ height, width }) {
      const pixels = height * width;
      const blank = { image: new Uint8Array(3 * pixels), label: new Uint8Array(pixels) };
      await settleAll(Array.from({ length: threads }, () => count(blank)));
    },
    async close() {
      await untilStarted(setup.started, threads);
      await piscina.destroy();
    },
  };
}
