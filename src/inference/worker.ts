import { Piscina } from 'piscina';
import { argmaxOverClasses } from '../shared/argmax.js';
import type { SegprobeError } from '../shared/errors.js';
import { resizeLabelMap } from '../shared/label-map.js';
import { toImageTensor } from '../shared/image-tensor.js';
import { countLabels, paintOver } from './label-pixels.js';
import { type ImageModel, imageTensor, loadImageModel, runImageModel } from './session.js';
import type { SegmentResult, SegmentTask, WorkerModel, WorkerSetup } from './worker-protocol.js';
import { refusalAsValue, type WorkerRefusal } from './worker-refusal.js';

interface LoadedModel extends WorkerModel, ImageModel {}

/**
 * Segments one picture, in a worker thread: ONNX Runtime for Node blocks the thread that it runs in.
 * A promise, so that the thread counts as ready when its models are loaded.
 */
export const segment = loadModels(Piscina.workerData as WorkerSetup).then(
  (models) =>
    (task: SegmentTask): Promise<SegmentResult | WorkerRefusal> =>
      refusalAsValue(async () => {
        const model = models.get(task.model)!;
        if (model instanceof Error) throw model;
        return moved(await segmentWith(model, task));
      }),
);

/** A model that does not load is told to whoever asks for it. */
async function loadModels(setup: WorkerSetup): Promise<Map<string, LoadedModel | SegprobeError>> {
  const models = new Map<string, LoadedModel | SegprobeError>();
  for (const model of setup.models) {
    models.set(
      model.name,
      await loadImageModel(model.path, setup.threads).then(
        (loaded) => ({ ...model, ...loaded }),
        (error: SegprobeError) => error,
      ),
    );
  }
  return models;
}

async function segmentWith(model: LoadedModel, task: SegmentTask): Promise<SegmentResult> {
  const { image, imageSize, outputSize, overlay } = task;
  const input = imageTensor(toImageTensor(image), imageSize);
  const start = performance.now();
  const logits = await runImageModel(model, input, { name: 'logits', channels: model.classCount });
  const inferenceMs = performance.now() - start;
  const small = argmaxOverClasses(logits, model.classCount);
  const labels = resizeLabelMap(small, imageSize, outputSize) as Uint8Array<ArrayBuffer>;
  const pixelCounts = countLabels(labels, model.classCount);
  if (overlay === undefined) return { labels, pixelCounts, inferenceMs };
  paintOver(overlay.image, labels, overlay.palette, overlay.opacity);
  return { labels, pixelCounts, overlay: overlay.image, inferenceMs };
}

/** Gives the arrays to the main thread instead of copying them. */
function moved(result: SegmentResult): SegmentResult {
  const buffers = [result.labels.buffer, ...(result.overlay ? [result.overlay.buffer] : [])];
  const transferable = {
    [Piscina.valueSymbol]: result,
    [Piscina.transferableSymbol]: buffers,
  };
  // Piscina types neither its symbols nor what move gives back.
  type Movable = Parameters<typeof Piscina.move>[0];
  return Piscina.move(transferable as unknown as Movable) as unknown as SegmentResult;
}
