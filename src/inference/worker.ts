import { InferenceSession, Tensor } from 'onnxruntime-node';
import { Piscina } from 'piscina';
import { argmaxOverClasses } from '../shared/argmax.js';
import { SegprobeError, isSegprobeError, messageOf } from '../shared/errors.js';
import { resizeLabelMap } from '../shared/label-map.js';
import { toImageTensor } from './image-tensor.js';
import { countLabels, paintOver } from './label-pixels.js';
import type {
  SegmentResult,
  SegmentTask,
  WorkerModel,
  WorkerRefusal,
  WorkerSetup,
} from './worker-protocol.js';

interface LoadedModel extends WorkerModel {
  readonly session: InferenceSession;
}

/**
 * Segments one picture, in a worker thread: ONNX Runtime for Node blocks the thread that it runs in.
 * A promise, so that the thread counts as ready when its models are loaded.
 */
export const segment = loadModels(Piscina.workerData as WorkerSetup).then(
  (models) =>
    async (task: SegmentTask): Promise<SegmentResult | WorkerRefusal> => {
      try {
        const model = models.get(task.model)!;
        if (model instanceof Error) throw model;
        return moved(await segmentWith(model, task));
      } catch (error) {
        if (!isSegprobeError(error)) throw error;
        return { refusal: { code: error.code, message: error.message } };
      }
    },
);

/** A model that does not load is told to whoever asks for it. */
async function loadModels(setup: WorkerSetup): Promise<Map<string, LoadedModel | SegprobeError>> {
  const models = new Map<string, LoadedModel | SegprobeError>();
  for (const model of setup.models) {
    models.set(
      model.name,
      await createSession(model.path, setup.threads).then(
        (session) => ({ ...model, session }),
        (error: SegprobeError) => error,
      ),
    );
  }
  return models;
}

async function segmentWith(model: LoadedModel, task: SegmentTask): Promise<SegmentResult> {
  const { image, imageSize, outputSize, overlay } = task;
  const { height, width } = imageSize;
  const input = new Tensor('float32', toImageTensor(image), [1, 3, height, width]);
  const start = performance.now();
  const logits = await runSession(model, input);
  const inferenceMs = performance.now() - start;
  const small = argmaxOverClasses(logits, model.classCount);
  const labels = resizeLabelMap(small, imageSize, outputSize) as Uint8Array<ArrayBuffer>;
  const pixelCounts = countLabels(labels, model.classCount);
  if (overlay === undefined) return { labels, pixelCounts, inferenceMs };
  paintOver(overlay.image, labels, overlay.palette, overlay.opacity);
  return { labels, pixelCounts, overlay: overlay.image, inferenceMs };
}

async function runSession(
  { session, path, classCount }: LoadedModel,
  image: Tensor,
): Promise<Float32Array> {
  let logits: Tensor | undefined;
  try {
    logits = (await session.run({ image }))['logits'];
  } catch (cause) {
    throw invalid(path, `a victim that takes image ${show(image)}`, messageOf(cause), cause);
  }
  const [, , height, width] = image.dims;
  const dims = `1,${classCount},${height},${width}`;
  if (logits?.type !== 'float32' || logits.dims.join() !== dims) {
    throw invalid(path, `logits float32 [${dims}]`, logits ? show(logits) : 'no such output');
  }
  return logits.data as Float32Array;
}

async function createSession(path: string, threads: number): Promise<InferenceSession> {
  try {
    return await InferenceSession.create(path, {
      intraOpNumThreads: threads,
      // Decoding and encoding share the cores: a thread that waits must not spin. And weights that decayed to
      // denormal numbers would make convolutions many times slower.
      extra: { session: { intra_op: { allow_spinning: '0' }, set_denormal_as_zero: '1' } },
    });
  } catch (cause) {
    throw invalid(path, 'a model that ONNX Runtime loads', messageOf(cause), cause);
  }
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

function show(tensor: Tensor): string {
  return `${tensor.type} [${tensor.dims.join()}]`;
}

function invalid(path: string, expected: string, found: string, cause?: unknown): SegprobeError {
  return new SegprobeError('MODEL_INVALID', `${path}: expected ${expected}, got ${found}`, {
    cause,
  });
}
