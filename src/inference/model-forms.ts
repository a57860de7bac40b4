import { createHash } from 'node:crypto';
import { readFileWhole } from '../data/files.js';
import { isSegprobeError } from '../shared/errors.js';
import { fromMetadataProps, type ModelFacts } from '../shared/manifest.js';
import { readModelMetadata } from '../shared/onnx/index.js';

/** Another form of a model, beside it. */
export interface ModelForm {
  readonly path: string;
  /** Of the file's bytes, in lower-case hex. */
  readonly sha256: string;
  readonly bytes: number;
}

/** A model that may have other forms beside it. */
interface FormedModel {
  readonly path: string;
  readonly facts: ModelFacts;
}

/** The names that forms have before `.onnx`: what serves on CPUs, and what browsers run in WebAssembly. */
export const FORM_NAMES = ['serve', 'web'] as const;
export type FormName = (typeof FORM_NAMES)[number];

/**
 * Finds the form of a victim that takes and gives bytes on CPUs, `NAME.serve.onnx` beside `NAME.onnx`.
 *
 * @returns its path; null where there is none, or one of another checkpoint, as an older export may have left behind.
 * @throws SegprobeError `MODEL_INVALID` for a file that is no ONNX or does not say what it is.
 */
export async function findServingForm(victim: FormedModel): Promise<string | null> {
  return (await findForm(victim, 'serve'))?.path ?? null;
}

/**
 * Finds a form of a model, `NAME.FORM.onnx` beside `NAME.onnx`.
 *
 * @returns null where there is none, or one of another checkpoint, as an older export may have left behind.
 * @throws SegprobeError `MODEL_INVALID` for a file that is no ONNX or does not say what it is.
 */
export async function findForm(model: FormedModel, form: FormName): Promise<ModelForm | null> {
  const file = model.path.replace(/(\.onnx)?$/, `.${form}.onnx`);
  let bytes: Uint8Array;
  try {
    bytes = await readFileWhole(file);
  } catch (error) {
    if (isSegprobeError(error, 'FILE_NOT_FOUND')) return null;
    throw error;
  }
  const { checkpointSha256 } = fromMetadataProps(readModelMetadata(bytes, file), file);
  if (checkpointSha256 !== model.facts.checkpointSha256) return null;
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { path: file, sha256, bytes: bytes.length };
}
