import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Size } from '../../data/dataset.js';
import type { OpenedModel } from '../../inference/open-model.js';
import { runElsewhere } from './run-elsewhere.js';
import type { RunRequest } from './run-model.js';

/** What a model is to give for some pictures. */
export interface Reference extends Size, Pick<RunRequest, 'pictures'> {
  /** Of each picture: logits float32 `[1, K, H, W]`, or the attacked picture float32 `[1, 3, H, W]`, flattened. */
  readonly outputs: readonly Float32Array[];
}

/**
 * Writes pictures into a folder, and takes what `NAME.onnx` gives for them on the CPU, node by node as it is written.
 * @throws Error for a model that does not run there.
 */
export async function createReference(
  folder: string,
  {
    model,
    size,
    pictures,
    env,
    signal,
  }: {
    readonly model: OpenedModel;
    readonly size: Size;
    readonly pictures: readonly Uint8Array[];
    readonly env: NodeJS.ProcessEnv;
    readonly signal: AbortSignal | undefined;
  },
): Promise<Reference> {
  const { height, width } = size;
  const own = path.join(folder, `${width}x${height}`);
  await mkdir(own);
  const files = pictures.map((_, i) => {
    return { from: path.join(own, `${i}.rgb`), to: path.join(own, `${i}.out`) };
  });
  for (const [i, { from }] of files.entries()) await writeFile(from, pictures[i]!);
  const request: RunRequest = {
    ...{ package: 'onnxruntime-node', provider: 'cpu', threads: null, isAsWritten: true },
    ...{ file: model.path, height, width, pictures: files },
  };
  await runElsewhere(request, env, signal);
  const outputs = await readOutputs({ pictures: files });
  return { height, width, pictures: files, outputs: outputs.map((bytes) => toFloats(bytes)) };
}

/** Reads what was written last for each picture. */
export function readOutputs({
  pictures,
}: Pick<Reference, 'pictures'>): Promise<readonly Uint8Array[]> {
  return Promise.all(pictures.map(async ({ to }) => Uint8Array.from(await readFile(to))));
}

/** Bytes that a model's output was written as; they are aligned. */
export function toFloats(bytes: Uint8Array): Float32Array {
  return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
}
