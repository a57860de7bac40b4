import { fromMetadataProps, type ModelFacts } from '../../shared/manifest.js';
import { readModelMetadata } from '../../shared/onnx/index.js';

/**
 * Reads what a model file says of itself.
 * @param name - of the file, for messages.
 * @throws SegprobeError `MODEL_INVALID` for a file that is no ONNX, or does not say enough.
 */
export function readModelFacts(bytes: Uint8Array, name: string): ModelFacts {
  return fromMetadataProps(readModelMetadata(bytes, name), name);
}
