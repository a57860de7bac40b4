import { type InferenceSession, Tensor } from 'onnxruntime-node';
import type { Size } from '../../data/dataset.js';
import { SegprobeError } from '../../shared/errors.js';
import { createRandom } from '../../shared/random.js';

/** What stands for the sizes that a model leaves open. */
export interface OpenSizes {
  readonly batch: number;
  readonly size: Size;
}

/** What a picture's size is taken for where neither the file nor the person says. */
export const FALLBACK_SIZE: Size = { height: 224, width: 224 };
/** Channels of a picture where the file does not say. */
const FALLBACK_CHANNELS = 3;

type InputMetadata = InferenceSession['inputMetadata'][number];

/**
 * Makes inputs of noise for a model: what a network takes may depend on what it sees, and zeros are the easiest sight.
 *
 * Of an input of four axes, the first is the batch and the one of at most four is the channels, the others height and width; of
 * any other the first axis is the batch. Axes that are still open are 1. What the model fixes stays.
 *
 * @throws SegprobeError `MODEL_INVALID` for an input that is no tensor of numbers.
 */
export function createInputs(
  metadata: readonly InputMetadata[],
  open: OpenSizes,
  what: string,
): Record<string, Tensor> {
  const random = createRandom(1);
  return Object.fromEntries(
    metadata.map((input) => {
      if (!input.isTensor || !(input.type in NOISE)) {
        const found = input.isTensor ? input.type : 'no tensor';
        throw new SegprobeError(
          'MODEL_INVALID',
          `${what}: input ${input.name}: expected a tensor of numbers (${Object.keys(NOISE).join(', ')}), got ${found}`,
        );
      }
      const dims = closeShape(input.shape, open);
      const length = dims.reduce((product, size) => product * size, 1);
      const values = NOISE[input.type as keyof typeof NOISE](length, random);
      return [input.name, new Tensor(input.type, values, dims)];
    }),
  );
}

/** Puts numbers for the axes that a shape leaves open. */
export function closeShape(
  shape: readonly (number | string)[],
  { batch, size }: OpenSizes,
): number[] {
  const isChannels = (axis: number): boolean => {
    const dim = shape[axis];
    return typeof dim === 'number' && dim >= 1 && dim <= 4;
  };
  const channelsLast = shape.length === 4 && !isChannels(1) && isChannels(3);
  const picture = channelsLast
    ? [batch, size.height, size.width, FALLBACK_CHANNELS]
    : [batch, FALLBACK_CHANNELS, size.height, size.width];
  return shape.map((dim, axis) => {
    if (typeof dim === 'number' && dim >= 0) return dim;
    return shape.length === 4 ? picture[axis]! : axis === 0 ? batch : 1;
  });
}

/** Noise by element type: 0..1 in floats, any byte in 8 bits; whole numbers of more bits are often indices, so 0. */
const NOISE = {
  float32: (length: number, random: () => number) => Float32Array.from({ length }, random),
  float64: (length: number, random: () => number) => Float64Array.from({ length }, random),
  // 0x3800 is 0.5; its last bits make up to 0.75.
  float16: (length: number, random: () => number) =>
    Uint16Array.from({ length }, () => 0x3800 + Math.floor(random() * 0x200)),
  uint8: (length: number, random: () => number) =>
    Uint8Array.from({ length }, () => Math.floor(256 * random())),
  int8: (length: number, random: () => number) =>
    Int8Array.from({ length }, () => Math.floor(256 * random()) - 128),
  bool: (length: number) => new Uint8Array(length),
  int32: (length: number) => new Int32Array(length),
  int64: (length: number) => new BigInt64Array(length),
};
