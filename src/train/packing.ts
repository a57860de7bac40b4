import { type Constant, sizeOf } from '../graph/graph.js';
import { SegprobeError } from '../shared/errors.js';
import { createRandom } from '../shared/random.js';
import type { Safetensor } from '../shared/safetensors.js';
import type { ModelSpec, ParameterSpec } from './models/model.js';

/**
 * A network's numbers as three vectors: one variable each instead of hundreds makes the recorded graph five times smaller
 * and the optimiser a handful of operators.
 */
export interface PackedWeights {
  /** All parameters, one after the other in the order of the spec, each in TensorFlow's layout. */
  readonly parameters: Float32Array;
  /** Running means of all batch normalisations, in the order of the spec. */
  readonly runningMean: Float32Array;
  /** Running (unbiased) variances, in the same order. */
  readonly runningVariance: Float32Array;
}

/** Tensors by name, as a checkpoint's file holds them. */
export type NamedTensors = Map<string, Safetensor>;

/** Prefixes of the tensors in `optimizer.safetensors`, after PyTorch's names for Adam's state. */
export const OPTIMIZER_PREFIX = {
  weights: 'weights.',
  firstMoment: 'exp_avg.',
  secondMoment: 'exp_avg_sq.',
  average: 'average.',
} as const;

/** A packed vector as a program's state holds it. */
export function toVector(values: Float32Array): Constant {
  return { dtype: 'float32', shape: [values.length], values };
}

/** Number of elements of each packed vector. */
export function packedSizes(spec: ModelSpec): { parameters: number; statistics: number } {
  return {
    parameters: spec.parameters.reduce((sum, { shape }) => sum + sizeOf(shape), 0),
    statistics: spec.statistics.reduce((sum, { channels }) => sum + channels, 0),
  };
}

/** Name of each parameter by its offset in the packed vector. */
export function parameterOffsets({ parameters }: ModelSpec): Map<number, string> {
  let offset = 0;
  return new Map(
    parameters.map(({ name, shape }) => {
      const start = offset;
      offset += sizeOf(shape);
      return [start, name];
    }),
  );
}

/** Name of each batch normalisation by its offset in the packed statistics. */
export function statisticsOffsets({ statistics }: ModelSpec): Map<number, string> {
  let offset = 0;
  return new Map(
    statistics.map(({ name, channels }) => {
      const start = offset;
      offset += channels;
      return [start, name];
    }),
  );
}

/** Draws the weights a training starts from, as PyTorch initialises the same layers; equal seeds give equal weights. */
export function initialWeights(spec: ModelSpec, seed: number): PackedWeights {
  const sizes = packedSizes(spec);
  const parameters = new Float32Array(sizes.parameters);
  let offset = 0;
  spec.parameters.forEach(({ shape, initializer }, index) => {
    const part = parameters.subarray(offset, (offset += sizeOf(shape)));
    if (initializer.kind === 'constant') {
      part.fill(initializer.value);
      return;
    }
    const bound = 1 / Math.sqrt(initializer.fanIn);
    const random = createRandom(seed, index);
    for (let i = 0; i < part.length; i++) part[i] = (2 * random() - 1) * bound;
  });
  return {
    parameters,
    runningMean: new Float32Array(sizes.statistics),
    runningVariance: new Float32Array(sizes.statistics).fill(1),
  };
}

/**
 * Names the packed numbers as PyTorch-ENet does, in PyTorch's layout: filters `[out, in, kh, kw]`, transposed filters
 * `[in, out, kh, kw]`, so that PyTorch's `load_state_dict` takes the file.
 */
export function unpackWeights(spec: ModelSpec, weights: PackedWeights): NamedTensors {
  const named: NamedTensors = unpackParameters(spec, weights.parameters);
  let offset = 0;
  for (const { name, channels } of spec.statistics) {
    const end = offset + channels;
    const vector = (data: Float32Array) => ({
      dtype: 'F32' as const,
      shape: [channels],
      data: data.slice(offset, end),
    });
    named.set(`${name}.running_mean`, vector(weights.runningMean));
    named.set(`${name}.running_var`, vector(weights.runningVariance));
    offset = end;
  }
  return named;
}

/** The names and shapes of what {@link unpackWeights} gives. */
export function namedShapes({ parameters, statistics }: ModelSpec): Map<string, readonly number[]> {
  return new Map<string, readonly number[]>([
    ...parameters.flatMap((parameter) => {
      const shape = pyTorchShape(parameter);
      return [parameter.name, ...parameter.aliases].map((name) => [name, shape] as const);
    }),
    ...statistics.flatMap(({ name, channels }) =>
      ['running_mean', 'running_var'].map((kind) => [`${name}.${kind}`, [channels]] as const),
    ),
  ]);
}

/** The same for a vector that is laid out like the parameters: gradients, the optimiser's moments. */
export function unpackParameters(spec: ModelSpec, packed: Float32Array): NamedTensors {
  const named: NamedTensors = new Map();
  let offset = 0;
  for (const { name, aliases, shape } of spec.parameters) {
    const part = packed.subarray(offset, (offset += sizeOf(shape)));
    const tensor = { dtype: 'F32', ...toPyTorchLayout(shape, part) } as const;
    for (const own of [name, ...aliases]) named.set(own, tensor);
  }
  return named;
}

/**
 * Reads named tensors back.
 *
 * @param what - the file, for errors.
 * @throws SegprobeError `CHECKPOINT_INVALID` naming the first tensor that is missing or of another shape, or that differs under
 * another of its names.
 */
export function packWeights(spec: ModelSpec, named: NamedTensors, what: string): PackedWeights {
  const sizes = packedSizes(spec);
  const runningMean = new Float32Array(sizes.statistics);
  const runningVariance = new Float32Array(sizes.statistics);
  let offset = 0;
  for (const { name, channels } of spec.statistics) {
    runningMean.set(tensorOf(named, `${name}.running_mean`, [channels], what), offset);
    runningVariance.set(tensorOf(named, `${name}.running_var`, [channels], what), offset);
    offset += channels;
  }
  return { parameters: packParameters(spec, named, what), runningMean, runningVariance };
}

/** Reads back what {@link unpackParameters} named; see {@link packWeights}. */
export function packParameters(spec: ModelSpec, named: NamedTensors, what: string): Float32Array {
  const packed = new Float32Array(packedSizes(spec).parameters);
  let offset = 0;
  for (const parameter of spec.parameters) {
    const data = tensorOf(named, parameter.name, pyTorchShape(parameter), what);
    assertShared(named, parameter, data, what);
    packed.set(fromPyTorchLayout(parameter.shape, data), offset);
    offset += sizeOf(parameter.shape);
  }
  return packed;
}

function tensorOf(
  named: NamedTensors,
  name: string,
  shape: readonly number[],
  what: string,
): Float32Array {
  const tensor = named.get(name);
  if (tensor === undefined || String(tensor.shape) !== String(shape) || tensor.dtype !== 'F32') {
    const found = tensor === undefined ? 'none' : `${tensor.dtype} [${tensor.shape}]`;
    throw new SegprobeError(
      'CHECKPOINT_INVALID',
      `${what}: expected ${name} as F32 [${shape}], got ${found}`,
    );
  }
  return tensor.data;
}

/** What is one tensor in the network may not differ from name to name in the file. */
function assertShared(
  named: NamedTensors,
  { name, aliases }: ParameterSpec,
  data: Float32Array,
  what: string,
): void {
  for (const alias of aliases) {
    const other = named.get(alias)?.data;
    if (other === undefined || data.every((value, i) => Object.is(value, other[i]))) continue;
    throw new SegprobeError(
      'CHECKPOINT_INVALID',
      `${what}: expected ${alias} to be the same as ${name}, got other numbers`,
    );
  }
}

/** The shape of a parameter in PyTorch's layout. */
function pyTorchShape({ shape }: ParameterSpec): number[] {
  if (shape.length !== 4) return [...shape];
  const [kh, kw, third, fourth] = shape as [number, number, number, number];
  return [fourth, third, kh, kw];
}

/** `[kh, kw, a, b]` to `[b, a, kh, kw]`; vectors stay. */
function toPyTorchLayout(
  shape: readonly number[],
  data: Float32Array,
): { shape: number[]; data: Float32Array<ArrayBuffer> } {
  if (shape.length !== 4) return { shape: [...shape], data: data.slice() };
  const [kh, kw, third, fourth] = shape as [number, number, number, number];
  const result = new Float32Array(data.length);
  let i = 0;
  for (let b = 0; b < fourth; b++)
    for (let a = 0; a < third; a++)
      for (let y = 0; y < kh; y++)
        for (let x = 0; x < kw; x++) result[i++] = data[((y * kw + x) * third + a) * fourth + b]!;
  return { shape: [fourth, third, kh, kw], data: result };
}

/** The inverse of {@link toPyTorchLayout}; `shape` is TensorFlow's. */
function fromPyTorchLayout(shape: readonly number[], data: Float32Array): Float32Array {
  if (shape.length !== 4) return data;
  const [kh, kw, third, fourth] = shape as [number, number, number, number];
  const result = new Float32Array(data.length);
  let i = 0;
  for (let b = 0; b < fourth; b++)
    for (let a = 0; a < third; a++)
      for (let y = 0; y < kh; y++)
        for (let x = 0; x < kw; x++) result[((y * kw + x) * third + a) * fourth + b] = data[i++]!;
  return result;
}
