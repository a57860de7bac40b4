import { availableParallelism } from 'node:os';
import type { Size } from '../data/dataset.js';
import type { Perturbation } from '../shared/perturbation.js';
import type { LabelComparison } from '../shared/compare-labels.js';
import { findAttacker, findVictim } from './find-model.js';
import { assertNotAborted, createGate } from './gate.js';
import type { OpenedModel } from './open-model.js';
import { paddedSize, padPicture } from './pad-picture.js';
import type { LabelPng } from './rendering.js';
import type { ProviderChoice, RunningProvider } from './provider.js';
import { resizePicture, type RgbPicture } from './resize-picture.js';
import { settleAll } from './settle-all.js';
import { createStartedThreads } from './started-threads.js';
import { untilAborted } from './until-aborted.js';
import { createWorkerPool } from './worker-pool.js';
import type {
  CompareTask,
  InferResult,
  InferTask,
  PerturbTask,
  SegmentTask,
  WorkerResults,
  WorkerTask,
} from './worker-protocol.js';

export interface InferencePoolOptions {
  /** The models to be loaded, in every worker. */
  readonly models: readonly OpenedModel[];
  /** Worker threads, each with a session of every model: pictures that are segmented at once. @defaultValue one for every core, four at most */
  readonly workers?: number;
  /** Threads of each worker's sessions. @defaultValue the cores divided by the workers */
  readonly threadsPerWorker?: number;
  /** What sessions are to run on; where it does not work, it is the CPU. With `webgpu` there is one worker. @defaultValue `cpu` */
  readonly provider?: ProviderChoice;
  /** Tasks that may wait for a worker; further ones are refused. @defaultValue 64 */
  readonly maxQueue?: number;
  /** Hears of a worker that died while it had nothing to do; another takes its place. */
  readonly onWorkerError?: (error: Error) => void;
}

/** Whose a task is, and when it is no longer wanted. */
export interface TaskOptions {
  readonly signal?: AbortSignal | undefined;
  /** Lanes take turns. @defaultValue one lane for all */
  readonly lane?: string | undefined;
}

export interface SegmentOptions extends TaskOptions {
  /** The size that the labels are wanted at. @defaultValue the picture's */
  readonly outputSize?: Size;
  /**
   * `model`: scaled to the model's input size; `none`: as large as it is, padded to multiples of 8.
   * @defaultValue `model`
   */
  readonly scale?: 'model' | 'none';
  /** PNGs of the labels that are wanted too. @defaultValue none */
  readonly labelPngs?: readonly LabelPng[];
  /** Also paint this picture of `outputSize` with the classes' colours, as opaque as said (0..1). */
  readonly overlay?: { readonly picture: RgbPicture; readonly opacity: number };
}

/** What a model says of a picture. */
export interface Segmentation extends Size {
  /** Class numbers, `[H, W]` flattened. */
  readonly labels: Uint8Array<ArrayBuffer>;
  /** Pixels by class. */
  readonly pixelCounts: readonly number[];
  /** The PNGs that were asked for. */
  readonly pngs: Readonly<Partial<Record<LabelPng, Uint8Array>>>;
  /** The painted picture, RGB `[H, W, 3]` flattened, if one was asked for. */
  readonly overlay?: Uint8Array<ArrayBuffer>;
  readonly milliseconds: {
    readonly queue: number;
    readonly inference: number;
    readonly encode: number;
  };
}

/** A picture that was attacked. */
export interface Perturbed extends RgbPicture {
  readonly perturbation: Perturbation;
  readonly milliseconds: { readonly queue: number; readonly inference: number };
}

/** Models in worker threads. */
export interface InferencePool {
  /** In the order of their names. */
  readonly models: ReadonlyMap<string, OpenedModel>;
  readonly workers: number;
  /** What the sessions run on, known once the pool is warm. */
  readonly provider: RunningProvider;
  /** Tasks that are in a worker now, and that wait for one. */
  readonly load: { readonly running: number; readonly waiting: number };
  /**
   * Runs each victim and each attacker once in every worker, so that the first request is as fast as the others.
   * @throws SegprobeError `MODEL_INVALID` for a model that does not load or does not do what its card says.
   */
  warmUp(): Promise<void>;
  /**
   * Segments a picture. One that has not the model's input size is resized to it smoothly, and its labels back to the
   * nearest pixel, unless told otherwise.
   *
   * @throws SegprobeError `MODEL_NOT_FOUND`, `QUEUE_FULL`, or `CANCELLED` once `signal` aborts; the worker finishes
   *   what it has begun.
   */
  segment(model: string, picture: RgbPicture, options?: SegmentOptions): Promise<Segmentation>;
  /**
   * Attacks a picture and measures the change.
   *
   * @param picture - as the victim sees it.
   * @param by - an attacker's name and how much of its change is made, 0..1; or the picture as it was changed elsewhere, of the
   *   same size.
   * @param original - the picture in its own size, which gets the change.
   * @throws SegprobeError as {@link InferencePool.segment}.
   */
  perturb(
    picture: RgbPicture,
    by: { readonly attacker: string; readonly strength: number } | { readonly image: Uint8Array },
    original: RgbPicture,
    options?: TaskOptions,
  ): Promise<Perturbed>;
  /** Compares two label maps of a picture; see `compareLabels`. */
  compare(
    labels: { readonly before: Uint8Array; readonly after: Uint8Array },
    options: Pick<CompareTask, 'classCount' | 'ignoreIndex'> & {
      readonly truth: Uint8Array | null;
    } & TaskOptions,
  ): Promise<LabelComparison>;
  /**
   * Answers a request of the Open Inference Protocol.
   * @throws SegprobeError as `infer` does, and as {@link InferencePool.segment}.
   */
  infer(task: Omit<InferTask, 'kind'>, options?: TaskOptions): Promise<InferResult>;
  /** Lets what runs finish, then ends the workers. */
  close(): Promise<void>;
}

const MAX_WORKERS = 4;
const DEFAULT_MAX_QUEUE = 64;

/** Starts worker threads and loads the models in them. */
export function createInferencePool(options: InferencePoolOptions): InferencePool {
  const cores = availableParallelism();
  const { provider = 'cpu', maxQueue = DEFAULT_MAX_QUEUE } = options;
  // Two threads on WebGPU end the process (ONNX Runtime 1.30).
  const workers = provider === 'webgpu' ? 1 : (options.workers ?? Math.min(cores, MAX_WORKERS));
  let running: RunningProvider = { provider: 'cpu', refusals: [] };
  const byName = [...options.models].sort((a, b) => (a.name < b.name ? -1 : 1));
  const models = new Map(byName.map((model) => [model.name, model]));
  const setup = {
    threads: options.threadsPerWorker ?? Math.max(1, Math.floor(cores / workers)),
    models: byName.map(({ name, path, servingPath, facts: { kind, classes } }) => {
      return { name, path, servingPath, kind, classCount: classes.length };
    }),
    provider,
    started: createStartedThreads(),
  };
  const threads = createWorkerPool(setup, workers, options.onWorkerError);
  // The queue is here and not in piscina, which can only cancel a begun task by killing its thread.
  const gate = createGate({ running: workers, waiting: maxQueue });

  async function inTurn<T extends WorkerTask>(
    task: T,
    { signal, lane }: TaskOptions,
  ): Promise<{ result: WorkerResults[T['kind']]; queue: number }> {
    const queued = performance.now();
    let queue = 0;
    const begun = gate.run(
      () => {
        queue = performance.now() - queued;
        return threads.run(task);
      },
      signal,
      lane,
    );
    return { result: await untilAborted(begun, signal), queue };
  }

  return {
    models,
    workers,
    get provider() {
      return running;
    },
    get load() {
      return { running: gate.running, waiting: gate.waiting };
    },
    async warmUp() {
      running = await threads.run({ kind: 'provider' });
      for (const model of byName) {
        await settleAll(Array.from({ length: workers }, () => threads.run(blankTask(model))));
      }
    },
    async segment(name, picture, segmentOptions = {}) {
      const { outputSize = picture, overlay, scale = 'model', labelPngs = [] } = segmentOptions;
      const { facts } = findVictim(models, name);
      assertNotAborted(segmentOptions.signal);
      const imageSize = scale === 'model' ? facts.inputSize : paddedSize(picture);
      const image =
        scale === 'model'
          ? await resizePicture(picture, imageSize)
          : padPicture(picture, imageSize);
      const { height, width } = outputSize;
      const task: SegmentTask = {
        kind: 'segment',
        model: name,
        image: copyOf(image),
        imageSize,
        outputSize: { height, width },
        fit: scale === 'model' ? 'nearest' : 'crop',
        labelPngs,
        palette: facts.palette,
        ...(overlay && {
          overlay: { image: copyOf(overlay.picture.data), opacity: overlay.opacity },
        }),
      };
      const { result, queue } = await inTurn(task, segmentOptions);
      const { inferenceMs, encodeMs, ...segmentation } = result;
      const milliseconds = { queue, inference: inferenceMs, encode: encodeMs };
      return { ...segmentation, height, width, milliseconds };
    },
    async perturb({ data, height, width }, by, original, taskOptions = {}) {
      if ('attacker' in by) findAttacker(models, by.attacker);
      const isOwnSize = original.height === height && original.width === width;
      const task: PerturbTask = {
        kind: 'perturb',
        image: copyOf(data),
        imageSize: { height, width },
        by: 'image' in by ? { image: copyOf(by.image) } : by,
        original: isOwnSize
          ? null
          : {
              image: copyOf(original.data),
              size: { height: original.height, width: original.width },
            },
      };
      const { result, queue } = await inTurn(task, taskOptions);
      return {
        data: result.image,
        height: original.height,
        width: original.width,
        perturbation: result.perturbation,
        milliseconds: { queue, inference: result.inferenceMs },
      };
    },
    async compare({ before, after }, { truth, classCount, ignoreIndex, ...taskOptions }) {
      const task: CompareTask = {
        kind: 'compare',
        before: copyOf(before),
        after: copyOf(after),
        truth: truth && copyOf(truth),
        classCount,
        ignoreIndex,
      };
      return (await inTurn(task, taskOptions)).result;
    },
    async infer(task, taskOptions = {}) {
      return (await inTurn({ kind: 'infer', ...task }, taskOptions)).result;
    },
    async close() {
      await gate.idle();
      await threads.close();
    },
  };
}

function blankTask({ name, facts }: OpenedModel): SegmentTask | PerturbTask {
  const { kind, inputSize, palette } = facts;
  const image = new Uint8Array(inputSize.height * inputSize.width * 3);
  const picture = { image, imageSize: inputSize };
  if (kind === 'attacker') {
    return { kind: 'perturb', ...picture, by: { attacker: name, strength: 1 }, original: null };
  }
  const output = { outputSize: inputSize, fit: 'nearest', labelPngs: [], palette } as const;
  return { kind: 'segment', model: name, ...picture, ...output };
}

/** In memory that can be moved to a thread: the caller keeps its own, and sharp's cannot be moved (what its `toUint8Array` gives can, but leaks: 0.35.5). */
function copyOf(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes);
}
