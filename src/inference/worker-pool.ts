import { Piscina } from 'piscina';
import { typescriptWorkerOptions } from '../data/typescript-worker.js';
import { buffersOf } from './buffers-of.js';
import { untilStarted } from './started-threads.js';
import type { WorkerResults, WorkerSetup, WorkerTask } from './worker-protocol.js';
import { throwRefusal, type WorkerRefusal } from './worker-refusal.js';

/** Worker threads that do one task each at a time. */
export interface WorkerPool {
  /**
   * Does a task; its arrays are moved to the worker.
   * @throws SegprobeError what the worker refuses with.
   */
  run<T extends WorkerTask>(task: T): Promise<WorkerResults[T['kind']]>;
  /** Ends the threads. Nothing may run. */
  close(): Promise<void>;
}

/** Starts worker threads, which load their models. */
export function createWorkerPool(
  setup: WorkerSetup,
  threads: number,
  onError: ((error: Error) => void) | undefined,
): WorkerPool {
  const piscina = new Piscina<WorkerTask, WorkerResults[WorkerTask['kind']] | WorkerRefusal>({
    ...typescriptWorkerOptions('./worker.ts', import.meta.url),
    name: 'runTask',
    workerData: setup,
    minThreads: threads,
    maxThreads: threads,
  });
  piscina.on('error', (error: Error) => onError?.(error));
  return {
    async run<T extends WorkerTask>(task: T) {
      const result = throwRefusal(await piscina.run(task, { transferList: buffersOf(task) }));
      // A task is answered by a result of its kind.
      return result as unknown as WorkerResults[T['kind']];
    },
    async close() {
      await untilStarted(setup.started, threads);
      await piscina.destroy();
    },
  };
}
