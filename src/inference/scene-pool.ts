import { Piscina } from 'piscina';
import type { Dataset, Scene, Size } from '../data/dataset.js';
import { readAhead } from '../data/read-ahead.js';
import type { TypescriptWorkerOptions } from '../data/typescript-worker.js';
import { assertNotAborted } from './gate.js';
import { settleAll } from './settle-all.js';
import { createStartedThreads, type StartedThreads, untilStarted } from './started-threads.js';
import { throwRefusal, type WorkerRefusal } from './worker-refusal.js';

/** One scene for a worker thread. The arrays are moved to it, not copied. */
export interface SceneTask {
  /** RGB, uint8 `[H, W, 3]` flattened. */
  readonly image: Uint8Array<ArrayBuffer>;
  /** Class numbers, `[H, W]` flattened. */
  readonly label: Uint8Array<ArrayBuffer>;
  /** The picture as something outside the thread perturbed it, `[H, W, 3]` flattened. */
  readonly perturbed?: Uint8Array<ArrayBuffer>;
}

/** Worker threads that look at one scene each at a time, and say something of type `T` about it. */
export interface ScenePool<T extends object> {
  readonly threads: number;
  readonly size: Size;
  /** Loads the models in every thread and runs each once. */
  warmUp(): Promise<void>;
  /** @throws SegprobeError what the worker refuses with. */
  run(scene: Pick<Scene, 'image' | 'label'>, perturbed?: Uint8Array): Promise<T>;
  close(): Promise<void>;
}

export interface ScenePoolOptions<Setup> {
  /** The worker's file. It calls `reportStarted(setup.started)` once its models are loaded, or refused. */
  readonly worker: TypescriptWorkerOptions;
  /** The function there that takes a {@link SceneTask}. */
  readonly name: string;
  /** What each thread is started with. */
  readonly setup: Setup;
  readonly threads: number;
  readonly size: Size;
}

/** Starts worker threads, which load their models. The caller closes it. */
export function createScenePool<T extends object, Setup extends object>(
  options: ScenePoolOptions<Setup>,
): ScenePool<T> {
  const { worker, name, threads, size } = options;
  const started = createStartedThreads();
  const setup: Setup & { readonly started: StartedThreads } = { ...options.setup, started };
  const piscina = new Piscina<SceneTask, T | WorkerRefusal>({
    ...worker,
    name,
    workerData: setup,
    minThreads: threads,
    maxThreads: threads,
  });
  const run: ScenePool<T>['run'] = async (scene, perturbed) => {
    // Copied: sharp's memory cannot be moved to a thread.
    const task: SceneTask = {
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
    threads,
    size,
    run,
    async warmUp() {
      const pixels = size.height * size.width;
      const blank = { image: new Uint8Array(3 * pixels), label: new Uint8Array(pixels) };
      await settleAll(Array.from({ length: threads }, () => run(blank)));
    },
    async close() {
      await untilStarted(started, threads);
      await piscina.destroy();
    },
  };
}

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

/**
 * Sends scenes through a pool and takes what it says of each, in their order: whatever the threads, the same scenes are added up
 * alike to the last bit. Pictures are decoded ahead on libuv's threads; at most four scenes a thread are in memory.
 *
 * @param options.order - the scenes by index.
 * @param options.add - takes what was said of scene `index`, whose files have `originalSize`; the next one waits for it.
 * @throws SegprobeError `CANCELLED`, what reading a scene throws and what the worker refuses with. Nothing is left running then.
 */
export async function forEachScene<T extends object>(
  scenes: Dataset,
  pool: ScenePool<T>,
  options: {
    readonly order: readonly number[];
    readonly add: (found: T, index: number, originalSize: Size) => void | Promise<void>;
    readonly perturber?: Perturber | undefined;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<void> {
  const { order, add, perturber, signal } = options;
  const pending: { readonly found: Promise<T>; readonly originalSize: Size }[] = [];
  let added = 0;
  const addOldest = async (): Promise<void> => {
    const { found, originalSize } = pending.shift()!;
    await add(await found, order[added++]!, originalSize);
    assertNotAborted(signal);
  };
  try {
    const reading = readAhead(scenes, {
      size: pool.size,
      order,
      groupSize: perturber?.batchSize ?? 1,
      ahead: 2 * pool.threads,
      collect: (group) => group,
      signal,
    });
    let first = 0;
    for await (const group of reading) {
      const perturbed = await perturber?.perturb(group, first, signal);
      first += group.length;
      for (const [i, scene] of group.entries()) {
        const found = pool.run(scene, perturbed?.[i]);
        found.catch(() => undefined); // Heard when its turn comes, or not at all once another has failed.
        pending.push({ found, originalSize: scene.originalSize ?? pool.size });
        if (pending.length >= 2 * pool.threads) await addOldest();
      }
    }
    while (pending.length > 0) await addOldest();
  } finally {
    await Promise.allSettled(pending.map(({ found }) => found));
  }
}
