import { InferenceSession, Tensor } from 'onnxruntime-node';
import { SegprobeError, messageOf } from '../shared/errors.js';
import type { Provider } from './provider.js';

/** A model file that is loaded. */
export interface ImageModel {
  readonly path: string;
  readonly session: InferenceSession;
}

/**
 * How a model is run beside other work.
 * @param threads - of the session (ONNX Runtime's intra-op).
 * @param spinning - whether threads that wait stay awake: a fifth faster alone on their cores, slower beside other work.
 */
export function sessionOptions(
  threads: number,
  { spinning = false } = {},
): InferenceSession.SessionOptions {
  return {
    intraOpNumThreads: threads,
    // What goes wrong is thrown, and told once.
    logSeverityLevel: 4,
    // Decoding and encoding share the cores: a thread that waits must not spin. And activations that decay to denormal numbers
    // would make convolutions many times slower on some processors; ONNX Runtime 1.30 heeds this in its own threads
    // and in the first of ours that makes a session, no other.
    extra: {
      session: { intra_op: { allow_spinning: spinning ? '1' : '0' }, set_denormal_as_zero: '1' },
    },
  };
}

/**
 * Loads a model file.
 *
 * @param threads - of the session.
 * @param options - the model, where it is another than the file's; what it runs on. @defaultValue the CPU
 * @throws SegprobeError `MODEL_INVALID` for a file that ONNX Runtime does not load.
 */
export async function loadImageModel(
  path: string,
  threads: number,
  {
    bytes,
    provider = 'cpu',
  }: { readonly bytes?: Uint8Array | undefined; readonly provider?: Provider } = {},
): Promise<ImageModel> {
  const options = { ...sessionOptions(threads), executionProviders: [provider] };
  try {
    const session =
      bytes === undefined
        ? await InferenceSession.create(path, options)
        : await InferenceSession.create(bytes, options);
    return { path, session };
  } catch (cause) {
    throw invalid(path, 'a model that ONNX Runtime loads', messageOf(cause), cause);
  }
}

/**
 * Runs a model on one picture; it blocks the thread while it does.
 *
 * @param image - float32 `[1, 3, H, W]`, 0..1.
 * @param output - the name of the output, and its channels C.
 * @returns float32 `[1, C, H, W]` flattened.
 * @throws SegprobeError `MODEL_INVALID` for a model that takes no such input or gives no such output.
 */
export async function runImageModel(
  model: ImageModel,
  image: Tensor,
  output: { readonly name: 'logits' | 'attacked'; readonly channels: number },
): Promise<Float32Array> {
  const [, , height, width] = image.dims;
  const expected = `float32 [1,${output.channels},${height},${width}]`;
  const [tensor] = await runTensors(model, { image }, { [output.name]: expected });
  return tensor!.data as Float32Array;
}

/**
 * Runs the serving form of a victim on one picture; it blocks the thread while it does.
 *
 * @param image - uint8 `[1, H, W, 3]`.
 * @returns class numbers, uint8 `[1, H, W]` flattened.
 * @throws SegprobeError `MODEL_INVALID` as {@link runImageModel}.
 */
export async function runServingForm(model: ImageModel, image: Tensor): Promise<Uint8Array> {
  const [, height, width] = image.dims;
  const [labels] = await runTensors(
    model,
    { image_u8: image },
    { labels: `uint8 [1,${height},${width}]` },
  );
  return labels!.data as Uint8Array;
}

/**
 * Runs a model on tensors; it blocks the thread while it does.
 *
 * @param inputs - by name.
 * @param outputs - those that are wanted, with type and shape, e.g. `float32 [1,3,8,8]`.
 * @returns their values, in that order.
 * @throws SegprobeError `MODEL_INVALID` as {@link runImageModel}.
 */
export async function runTensors(
  { session, path }: ImageModel,
  inputs: Readonly<Record<string, Tensor>>,
  outputs: Readonly<Record<string, string>>,
): Promise<Tensor[]> {
  let values: Readonly<Record<string, Tensor>>;
  try {
    values = await session.run(inputs);
  } catch (cause) {
    const given = Object.entries(inputs).map(([name, tensor]) => `${name} ${show(tensor)}`);
    throw invalid(path, `a model that takes ${given.join(', ')}`, messageOf(cause), cause);
  }
  return Object.entries(outputs).map(([name, expected]) => {
    const value = values[name];
    const found = value === undefined ? 'no such output' : show(value);
    if (value === undefined || found !== expected) {
      throw invalid(path, `${name} ${expected}`, found);
    }
    return value;
  });
}

/** Makes a picture's tensor, float32 `[1, 3, H, W]`. */
export function imageTensor(
  data: Float32Array,
  { height, width }: { readonly height: number; readonly width: number },
): Tensor {
  return new Tensor('float32', data, [1, 3, height, width]);
}

function show(tensor: Tensor): string {
  return `${tensor.type} [${tensor.dims.join()}]`;
}

function invalid(path: string, expected: string, found: string, cause?: unknown): SegprobeError {
  return new SegprobeError('MODEL_INVALID', `${path}: expected ${expected}, got ${found}`, {
    cause,
  });
}
