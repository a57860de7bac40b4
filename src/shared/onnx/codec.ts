import { SegprobeError } from '../errors.js';
import { modelProtoType } from './schema.js';
import type { ModelProto } from './types.js';

/** Encodes a model as the bytes of an ONNX file. The same model gives the same bytes. */
export function encodeModel(model: ModelProto): Uint8Array<ArrayBuffer> {
  const type = modelProtoType();
  return new Uint8Array(type.encode(model).finish());
}

/**
 * Decodes an ONNX file.
 *
 * @param what - names the file in messages.
 * @returns the model; tensors' bytes are views of `bytes`.
 * @throws SegprobeError `MODEL_INVALID` for anything that is no whole ONNX file.
 */
export function decodeModel(bytes: Uint8Array, what = 'model'): ModelProto {
  const type = modelProtoType();
  let model: ModelProto;
  try {
    model = type.toObject(type.decode(bytes), { longs: Number, arrays: true }) as ModelProto;
  } catch (cause) {
    throw new SegprobeError('MODEL_INVALID', `${what}: expected an ONNX file, got other bytes`, {
      cause,
    });
  }
  if (!(model.irVersion > 0) || (model.graph as ModelProto['graph'] | undefined) === undefined) {
    throw new SegprobeError(
      'MODEL_INVALID',
      `${what}: expected an ONNX file, got bytes without IR version or graph`,
    );
  }
  return model;
}
