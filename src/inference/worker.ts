import { Piscina } from 'piscina';
import type { SegprobeError } from '../shared/errors.js';
import { resizeLabelMap } from '../shared/label-map.js';
import { compareLabels } from '../shared/compare-labels.js';
import { countLabels, paintOver } from '../shared/label-pixels.js';
import { infer } from './open-inference/infer.js';
import { buffersOf } from './buffers-of.js';
import { cropLabelMap } from './pad-picture.js';
import { encodeLabelPngSync } from './palette-png.js';
import { perturb } from './perturb.js';
import { chooseProvider } from './choose-provider.js';
import type { RunningProvider } from './provider.js';
import { type ImageModel, loadImageModel } from './session.js';
import { releaseMemory } from './release-memory.js';
import { reportStarted } from './started-threads.js';
import { loadVictim, type VictimSession } from './victim-session.js';
import type {
  SegmentResult,
  SegmentTask,
  WorkerModel,
  WorkerResults,
  WorkerSetup,
  WorkerTask,
} from './worker-protocol.js';
import { refusalAsValue, type WorkerRefusal } from './worker-refusal.js';

const { models, threads, started, provider: choice } = Piscina.workerData as WorkerSetup;
const known = new Map(models.map((model) => [model.name, model]));
const victims = new Map<string, VictimSession | SegprobeError>();
/** Sessions by file. */
const sessions = new Map<string, Promise<ImageModel>>();
let running: RunningProvider = { provider: 'cpu', refusals: [] };

/**
 * Does one task, in a worker thread: ONNX Runtime for Node blocks the thread that it runs in.
 * A promise, so that the thread counts as ready when its victims are loaded; what only some requests want is loaded when
 * it is wanted.
 */
export const runTask = loadVictims().then(() => {
  reportStarted(started);
  return (task: WorkerTask): Promise<WorkerResults[WorkerTask['kind']] | WorkerRefusal> =>
    refusalAsValue(async () => {
      const result = await dispatch(task);
      releaseInputs(task, result);
      return moved(result);
    });
});

/** A victim that does not load is told to whoever asks for it. */
async function loadVictims(): Promise<void> {
  if (models[0] !== undefined) running = await chooseProvider(choice, models[0], threads);
  for (const model of models.filter(({ kind }) => kind === 'victim')) {
    const loading = loadVictim(formOn(model), threads, running.provider);
    victims.set(model.name, await loading.catch((error: SegprobeError) => error));
  }
}

async function dispatch(task: WorkerTask): Promise<WorkerResults[WorkerTask['kind']]> {
  switch (task.kind) {
    case 'segment':
      return segment(task);
    case 'perturb':
      return perturb(task, (name) => sessionOf(known.get(name)!.path));
    case 'provider':
      return running;
    case 'compare':
      return compareLabels(task.before, task.after, task);
    case 'infer': {
      const model = known.get(task.model)!;
      return infer(await sessionOf(fileOf(model, task.isServingForm)), model, task);
    }
  }
}

/** Serving forms are made for CPUs. */
function formOn(model: WorkerModel): WorkerModel {
  return running.provider === 'cpu' ? model : { ...model, servingPath: null };
}

function fileOf({ path, servingPath }: WorkerModel, isServingForm: boolean): string {
  return isServingForm ? servingPath! : path;
}

function sessionOf(file: string): Promise<ImageModel> {
  const loading = sessions.get(file) ?? loadImageModel(file, threads, running);
  sessions.set(file, loading);
  // The next one may have more luck.
  loading.catch(() => sessions.delete(file));
  return loading;
}

async function segment(task: SegmentTask): Promise<SegmentResult> {
  const { image, imageSize, outputSize, fit, labelPngs, palette, overlay } = task;
  const victim = victims.get(task.model)!;
  if (victim instanceof Error) throw victim;
  const start = performance.now();
  const predicted = await victim.predict(image, imageSize);
  const inferenceMs = performance.now() - start;
  const toOutput = fit === 'crop' ? cropLabelMap : resizeLabelMap;
  const labels = toOutput(predicted, imageSize, outputSize) as Uint8Array<ArrayBuffer>;
  const pixelCounts = countLabels(labels, known.get(task.model)!.classCount);
  const encoded = performance.now();
  const pngs = Object.fromEntries(
    labelPngs.map((kind) => [kind, encodeLabelPngSync(kind, labels, outputSize, palette)]),
  );
  const encodeMs = performance.now() - encoded;
  const result = { labels, pixelCounts, pngs, inferenceMs, encodeMs };
  if (overlay === undefined) return result;
  paintOver(overlay.image, labels, palette, overlay.opacity);
  return { ...result, overlay: overlay.image };
}

/** What came with the task and is not part of its result. */
function releaseInputs(task: object, result: object): void {
  const kept = new Set(buffersOf(result));
  releaseMemory(buffersOf(task).filter((buffer) => !kept.has(buffer)));
}

/** Gives the arrays to the main thread instead of copying them. */
function moved<T extends object>(result: T): T {
  const transferable = {
    [Piscina.valueSymbol]: result,
    [Piscina.transferableSymbol]: buffersOf(result),
  };
  // Piscina types neither its symbols nor what move gives back.
  type Movable = Parameters<typeof Piscina.move>[0];
  return Piscina.move(transferable as unknown as Movable) as unknown as T;
}
