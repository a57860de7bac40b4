import { availableParallelism } from 'node:os';
import { Piscina } from 'piscina';
import type { Size } from '../data/dataset.js';
import { typescriptWorkerOptions } from '../data/typescript-worker.js';
import { SegprobeError } from '../shared/errors.js';
import { findVictim } from './find-model.js';
import { assertNotAborted, createGate } from './gate.js';
import type { OpenedModel } from './open-model.js';
import { resizePicture } from './resize-picture.js';
import type { RgbPicture } from './resize-picture.js';
import { settleAll } from './settle-all.js';
import type { SegmentResult, SegmentTask, WorkerSetup } from './worker-protocol.js';
import { throwRefusal, type WorkerRefusal } from './worker-refusal.js';

export interface InferencePoolOptions {
  /** The models to be loaded, in every worker. */
  readonly models: readonly OpenedModel[];
  /** Worker threads, each with a session of every model: pictures that are segmented at once. @defaultValue one for every four cores */
  readonly workers?: number;
  /** Threads of each worker's sessions. @defaultValue the cores divided by the workers */
  readonly threadsPerWorker?: number;
  /** Pictures that may wait for a worker; further ones are refused. @defaultValue 64 */
  readonly maxQueue?: number;
  /** Hears of a worker that died while it had nothing to do; another takes its place. */
  readonly onWorkerError?: (error: Error) => void;
}

export interface SegmentOptions {
  /** The size that the labels are wanted at. @defaultValue the picture's */
  readonly outputSize?: Size;
  /** Also paint this picture of `outputSize` with the classes' colours, as opaque as said (0..1). */
  readonly overlay?: { readonly picture: RgbPicture; readonly opacity: number };
  readonly signal?: AbortSignal | undefined;
}

/** What a model says of a picture. */
export interface Segmentation extends Size {
  /** Class numbers, `[H, W]` flattened. */
  readonly labels: Uint8Array<ArrayBuffer>;
  /** Pixels by class. */
  readonly pixelCounts: readonly number[];
  /** The painted picture, RGB `[H, W, 3]` flattened, if one was asked for. */
  readonly overlay?: Uint8Array<ArrayBuffer>;
  readonly milliseconds: { readonly queue: number; readonly inference: number };
}

/** Models in worker threads. */
export interface InferencePool {
  /** In the order of their names. */
  readonly models: ReadonlyMap<string, OpenedModel>;
  readonly workers: number;
  /**
   * Runs each victim once in every worker, so that the first request is as fast as the others.
   * @throws SegprobeError `MODEL_INVALID` for a model that does not load or does not do what its card says.
   */
  warmUp(): Promise<void>;
  /**
   * Segments a picture. One that has not the model's input size is resized to it smoothly, and its labels back to the
   * nearest pixel.
   *
   * @throws SegprobeError `MODEL_NOT_FOUND`, `QUEUE_FULL`, or `CANCELLED` once `signal` aborts; the worker finishes
   *   what it has begun.
   */
  segment(model: string, picture: RgbPicture, options?: SegmentOptions): Promise<Segmentation>;
  /** Lets what runs finish, then ends the workers. */
  close(): Promise<void>;
}

/**
 * Up to four cores work on one picture: the answer comes soonest, and on two cores two pictures at once took as long
 * as one after the other. More threads than four help a small network little.
 */
const CORES_PER_WORKER = 4;
const DEFAULT_MAX_QUEUE = 64;

/** Starts worker threads and loads the models in them. */
export function createInferencePool(options: InferencePoolOptions): InferencePool {
  const cores = availableParallelism();
  const { workers = Math.ceil(cores / CORES_PER_WORKER), maxQueue = DEFAULT_MAX_QUEUE } = options;
  const threads = options.threadsPerWorker ?? Math.max(1, Math.floor(cores / workers));
  const byName = [...options.models].sort((a, b) => (a.name < b.name ? -1 : 1));
  const models = new Map(byName.map((model) => [model.name, model]));
  const setup: WorkerSetup = {
    threads,
    models: options.models.map(({ name, path, facts }) => ({
      name,
      path,
      classCount: facts.classes.length,
    })),
  };
  const piscina = new Piscina<SegmentTask, SegmentResult | WorkerRefusal>({
    ...typescriptWorkerOptions('./worker.ts', import.meta.url),
    name: 'segment',
    workerData: setup,
    minThreads: workers,
    maxThreads: workers,
  });
  piscina.on('error', (error: Error) => options.onWorkerError?.(error));
  // The queue is here and not in piscina, which can only cancel a begun task by killing its thread.
  const gate = createGate({ running: workers, waiting: maxQueue });

  async function run(task: SegmentTask): Promise<SegmentResult> {
    const buffers = [task.image.buffer, ...(task.overlay ? [task.overlay.image.buffer] : [])];
    return throwRefusal(await piscina.run(task, { transferList: buffers }));
  }

  return {
    models,
    workers,
    async warmUp() {
      for (const model of options.models.filter(({ facts }) => facts.kind === 'victim')) {
        const tasks = Array.from({ length: workers }, () => run(blankTask(model)));
        await settleAll(tasks);
      }
    },
    async segment(name, picture, { outputSize = picture, overlay, signal } = {}) {
      const model = findVictim(models, name);
      assertNotAborted(signal);
      const { inputSize, palette } = model.facts;
      const image = copyOf(await resizePicture(picture, inputSize));
      const { height, width } = outputSize;
      const task: SegmentTask = {
        model: name,
        image,
        imageSize: inputSize,
        outputSize: { height, width },
        ...(overlay && {
          overlay: { image: copyOf(overlay.picture.data), palette, opacity: overlay.opacity },
        }),
      };
      const queued = performance.now();
      let queue = 0;
      const begun = gate.run(() => {
        queue = performance.now() - queued;
        return run(task);
      }, signal);
      const { inferenceMs, ...result } = await untilAborted(begun, signal);
      return { ...result, height, width, milliseconds: { queue, inference: inferenceMs } };
    },
    async close() {
      await gate.idle();
      await piscina.destroy();
    },
  };
}

function blankTask({ name, facts: { inputSize } }: OpenedModel): SegmentTask {
  const image = new Uint8Array(inputSize.height * inputSize.width * 3);
  return { model: name, image, imageSize: inputSize, outputSize: inputSize };
}

/** In memory that can be moved to a thread: the caller keeps its own, and sharp's cannot be moved. */
function copyOf(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes);
}

async function untilAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  let stop = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    stop = () => {
      reject(new SegprobeError('CANCELLED', 'cancelled', { cause: signal.reason }));
    };
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
    // The loser of the race may fail later, unheard.
    work.catch(() => undefined);
  }
}
