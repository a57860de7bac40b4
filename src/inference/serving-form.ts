import { readFileWhole } from '../data/files.js';
import { isSegprobeError } from '../shared/errors.js';
import { fromMetadataProps, type ModelFacts } from '../shared/manifest.js';
import { readModelMetadata } from '../shared/onnx/index.js';

/**
 * Finds the form of a victim that takes and gives bytes, `NAME.serve.onnx` beside `NAME.onnx`.
 *
 * @returns its path; null where there is none, or one of another checkpoint, as an older export may have left behind.
 * @throws SegprobeError `MODEL_INVALID` for a file that is no ONNX or does not say what it is.
 */
export async function findServingForm(victim: {
  readonly path: string;
  readonly facts: ModelFacts;
}): Promise<string | null> {
  const file = victim.path.replace(/(\.onnx)?$/, '.serve.onnx');
  let bytes: Uint8Array;
  try {
    bytes = await readFileWhole(file);
  } catch (error) {
    if (isSegprobeError(error, 'FILE_NOT_FOUND')) return null;
    throw error;
  }
  const { checkpointSha256 } = fromMetadataProps(readModelMetadata(bytes, file), file);
  return checkpointSha256 === victim.facts.checkpointSha256 ? file : null;
}
