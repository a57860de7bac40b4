import { copyFile, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fromFileError } from '../data/files.js';
import { type ModelForm, tensorsOf, type TensorSpec } from '../inference/open-inference/tensors.js';
import type { OpenedModel } from '../inference/open-model.js';

/** A model of the repository. */
export interface TritonModel {
  readonly name: string;
  readonly form: ModelForm;
  readonly folder: string;
}

/** Pictures of one size that Triton may run together. */
const MAX_BATCH = 8;
const VERSION = '1';

/**
 * Writes a model repository for Triton Inference Server with its ONNX Runtime backend: for each model `NAME/config.pbtxt` and
 * `NAME/1/model.onnx`; a victim's serving form (bytes in, class numbers out) is a model of its own, `NAME.serve`. What was there of
 * these names is replaced, each model whole or not at all.
 *
 * @throws SegprobeError `FILE_INVALID`, `DISK_FULL` … as `fromFileError` says.
 * @see https://docs.nvidia.com/deeplearning/triton-inference-server/user-guide/docs/user_guide/model_repository.html
 */
export async function writeTritonRepository(
  models: readonly OpenedModel[],
  folder: string,
): Promise<TritonModel[]> {
  const written: TritonModel[] = [];
  for (const { name, path: file, servingPath, facts } of models) {
    const forms = [
      { name, form: facts.kind, file },
      ...(servingPath === null
        ? []
        : [{ name: `${name}.serve`, form: 'serving form', file: servingPath } as const]),
    ];
    for (const own of forms) {
      const config = tritonConfig(own.name, own.form, facts.classes.length);
      const target = path.join(folder, own.name);
      try {
        await writeModel(target, own.file, config);
      } catch (error) {
        throw fromFileError(error, target);
      }
      written.push({ name: own.name, form: own.form, folder: target });
    }
  }
  return written;
}

/** The text of a `config.pbtxt`. */
export function tritonConfig(name: string, form: ModelForm, classCount: number): string {
  const { input, output } = tensorsOf(form, classCount);
  return [
    `name: ${JSON.stringify(name)}`,
    'backend: "onnxruntime"',
    // The first dimension, which Triton leaves out of dims.
    `max_batch_size: ${MAX_BATCH}`,
    `input [ ${tensor(input)} ]`,
    `output [ ${tensor(output)} ]`,
    'dynamic_batching { }',
    '',
  ].join('\n');
}

function tensor({ name, datatype, shape }: TensorSpec): string {
  return `{ name: "${name}" data_type: TYPE_${datatype} dims: [ ${shape.slice(1).join(', ')} ] }`;
}

async function writeModel(target: string, file: string, config: string): Promise<void> {
  await mkdir(path.dirname(target), { recursive: true });
  const beside = await mkdtemp(`${target}.new-`);
  try {
    await mkdir(path.join(beside, VERSION));
    await copyFile(file, path.join(beside, VERSION, 'model.onnx'));
    await writeFile(path.join(beside, 'config.pbtxt'), config);
    await rm(target, { recursive: true, force: true });
    await rename(beside, target);
  } finally {
    await rm(beside, { recursive: true, force: true });
  }
}
