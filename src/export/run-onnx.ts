import { InferenceSession, Tensor } from 'onnxruntime-node';
import { messageOf, SegprobeError } from '../shared/errors.js';
import { createRandom } from '../shared/random.js';
import { NHWC_TO_NCHW, transpose } from './transpose.js';

/** A batch of pictures. */
export interface Shape {
  readonly count: number;
  readonly height: number;
  readonly width: number;
}

/**
 * What exports are verified at: odd and even, in pictures as in cells of the smallest feature map (H/8, W/8); not square.
 */
export const VERIFIED_SHAPES: readonly Shape[] = [
  { count: 2, height: 72, width: 104 },
  { count: 1, height: 64, width: 96 },
];

/** Draws pictures, RGB in 0..1, NHWC; equal seeds give equal ones. */
export function randomImage({ count, height, width }: Shape, seed: number): Float32Array {
  return Float32Array.from({ length: count * height * width * 3 }, createRandom(height, seed));
}

/** NHWC to NCHW, as TensorFlow's numbers are to be compared with ONNX's. */
export function toPlanes(values: Float32Array, shape: Shape, channels: number): Float32Array {
  const { count, height, width } = shape;
  return transpose({ shape: [count, height, width, channels], values }, NHWC_TO_NCHW).values;
}

/** An exported model on ONNX Runtime. */
export interface OnnxModel {
  /**
   * Computes the output of pictures, NHWC.
   * @param channels - how many the output is to have.
   * @returns float32 `[N, channels, H, W]` flattened.
   * @throws SegprobeError `EXPORT_UNSUPPORTED` if ONNX Runtime does not run it, or gives another shape.
   */
  run(image: Float32Array, shape: Shape, channels: number): Promise<Float32Array>;
  release(): Promise<void>;
}

/**
 * Loads a model with the input `image` float32 `[N,3,H,W]`. The caller releases it.
 * @throws SegprobeError `EXPORT_UNSUPPORTED` if ONNX Runtime refuses it.
 */
export async function openOnnx(onnx: Uint8Array, output: string): Promise<OnnxModel> {
  const session = await refusing(() => InferenceSession.create(onnx));
  return {
    run: async (image, shape, channels) => {
      const { count, height, width } = shape;
      const input = new Tensor('float32', toPlanes(image, shape, 3), [count, 3, height, width]);
      const { [output]: found } = await refusing(() => session.run({ image: input }));
      const dims = `${count},${channels},${height},${width}`;
      if (String(found?.dims) !== dims) {
        throw differs(`${output} of [${dims}]`, found ? `[${found.dims.join()}]` : 'none');
      }
      return found!.data as Float32Array;
    },
    release: () => session.release(),
  };
}

/** The error of an exported model that does not do what TensorFlow does. */
export function differs(expected: string, found: string, cause?: unknown): SegprobeError {
  const text = `ONNX Runtime: expected ${expected}, got ${found}`;
  return new SegprobeError('EXPORT_UNSUPPORTED', text, { cause });
}

/** Makes what ONNX Runtime refuses an error of the export. */
export async function refusing<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (cause) {
    throw differs('a graph that it runs', messageOf(cause), cause);
  }
}
