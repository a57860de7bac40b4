import { Piscina } from 'piscina';
import { CAMVID } from '../../shared/classes.js';
import type { Dataset, Scene, Split } from '../dataset.js';
import { typescriptWorkerOptions } from '../typescript-worker.js';
import type { DrawTask } from './draw-worker.js';
import { sceneName, sceneSeed } from './scene-seed.js';

/** As many scenes as CamVid has. */
export const DEFAULT_LENGTHS: Readonly<Record<Split, number>> = { train: 367, val: 101, test: 233 };

/** Scenes that wait in the drawing thread at most. */
const TASKS_AHEAD = 64;

export interface SampleDatasetOptions {
  readonly split: Split;
  /** @defaultValue CamVid's: train 367, val 101, test 233 */
  readonly length?: number;
  /** Another whole number gives other scenes. @defaultValue 0 */
  readonly seed?: number;
}

/**
 * Opens a split of the sample street scenes. They are drawn when they are read, in a worker thread; nothing is kept, so that
 * any number of them takes no room. The caller closes it.
 */
export function openSampleDataset({
  split,
  length = DEFAULT_LENGTHS[split],
  seed = 0,
}: SampleDatasetOptions): Dataset {
  const worker = typescriptWorkerOptions('./draw-worker.ts', import.meta.url);
  const pool = new Piscina({
    ...worker,
    name: 'draw',
    minThreads: 0,
    maxThreads: 1,
    // Tasks are handed over ahead of time: the thread draws on while a training step blocks this one.
    concurrentTasksPerWorker: TASKS_AHEAD,
  });
  const nameOf = (index: number): string => sceneName(split, index, seed);
  return {
    name: 'sample',
    split,
    classTable: CAMVID,
    length,
    defaultSize: { height: 360, width: 480 },
    nameOf,
    read: (index, size) => {
      const task: DrawTask = { seed: sceneSeed(split, index, seed), size, name: nameOf(index) };
      return pool.run(task) as Promise<Scene>;
    },
    close: () => pool.destroy(),
  };
}
