import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs';
import { createGraphRunner } from '../../src/graph/graph-runner.js';
import { type DType, sizeOf } from '../../src/graph/graph.js';
import { isNativeTensorFlowReady } from '../../src/graph/native/link.js';
import { loadNativeTensorFlow } from '../../src/graph/native/load.js';
import { isNativeBackend, nodeBackend } from '../../src/graph/node-backend.js';
import { takeConstants } from '../../src/graph/take-values.js';
import { createRandom } from '../../src/shared/random.js';
import { useDevice } from '../../src/train/device.js';
import { assertAllClose } from './all-close.js';
import { hasWebGpuAdapter } from './webgpu.js';

/** Numbers on this side of TensorFlow, float64 unless integers: what plain-loop references compute with. */
export interface NdArray {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly values: Float64Array;
}

export type NdArrays = Readonly<Record<string, NdArray>>;
type Tensors = Readonly<Record<string, tf.Tensor>>;

/** Makes a float32 array, its values rounded as a tensor's are. */
export function ndArray(
  shape: readonly number[],
  values: ArrayLike<number>,
  dtype: DType = 'float32',
): NdArray {
  assert.equal(values.length, sizeOf(shape), `values of [${shape}]`);
  const rounded = dtype === 'float32' ? Float64Array.from(values, Math.fround) : values;
  return { dtype, shape, values: Float64Array.from(rounded) };
}

/** Draws float32 numbers in [low, high), the same for the same seed. */
export function randomArray(shape: readonly number[], seed: number, low = -1, high = 1): NdArray {
  const random = createRandom(seed);
  const draw = (): number => low + (high - low) * random();
  return ndArray(shape, Float64Array.from({ length: sizeOf(shape) }, draw));
}

/** Makes a tensor of an array; the caller disposes it. */
export function toTensor({ dtype, shape, values }: NdArray): tf.Tensor {
  return tf.tensor(
    dtype === 'float32' ? Float32Array.from(values) : Int32Array.from(values),
    [...shape],
    dtype,
  );
}

/** Copies a tensor's values. */
export function toNdArray(tensor: tf.Tensor): NdArray {
  return {
    dtype: tensor.dtype as DType,
    shape: tensor.shape,
    values: Float64Array.from(tensor.dataSync()),
  };
}

/** Asserts that two arrays have the same type and shape, and numbers as near as `tolerance` says. */
export function assertArraysClose(
  actual: NdArray,
  expected: NdArray,
  tolerance: { readonly rtol: number; readonly atol: number },
  what = 'values',
): void {
  assert.equal(`${actual.dtype}[${actual.shape}]`, `${expected.dtype}[${expected.shape}]`, what);
  assertAllClose(actual.values, expected.values, tolerance, what);
}

const said = new Set<string>();

/**
 * Makes native TensorFlow the backend of the suite it is called in; skips the suite, with a line that says so, where native
 * TensorFlow is not set up. Every test of the suite must leave as many tensors as it found.
 */
export function useNativeTensorFlow(): void {
  useBackend('tensorflow');
}

/** Makes tfjs's own backend in JavaScript that of the suite it is called in, on the same terms. */
export function usePortableBackend(): void {
  useBackend('cpu');
}

/** Makes WebAssembly the backend of the suite it is called in, as `--device wasm` does, on the same terms. */
export function useWebAssembly(): void {
  useBackend('wasm');
}

/** Makes WebGPU the backend of the suite it is called in, as `--device webgpu` does; skips it where there is no adapter. */
export function useWebGpu(): void {
  useBackend('webgpu');
}

const NOT_HERE = {
  tensorflow: 'native TensorFlow is not set up: npm run setup',
  webgpu: 'no adapter for WebGPU: apt-get install chromium libvulkan1',
} as const;

function useBackend(name: 'tensorflow' | 'cpu' | 'wasm' | 'webgpu'): void {
  let previous: string | undefined; // None before the first use.
  let tensors: string;

  before(`uses the backend ${name}`, async function () {
    previous = tf.getBackend();
    tf.enableProdMode(); // No advertisements of other backends.
    if ((name === 'tensorflow' || name === 'webgpu') && !(await isHere(name))) {
      if (!said.has(name)) process.stdout.write(`    (${NOT_HERE[name]})\n`);
      said.add(name);
      this.skip();
    }
    if (name === 'tensorflow') await loadNativeTensorFlow();
    else if (name === 'cpu') await tf.setBackend(name);
    else await useDevice(name, () => undefined);
  });
  beforeEach(() => {
    tensors = tensorCounts();
  });
  afterEach(function () {
    if (this.currentTest?.state === 'passed') {
      assert.equal(tensorCounts(), tensors, 'tensors that are left behind');
    }
  });
  after(async () => {
    if (previous !== undefined && previous !== tf.getBackend()) await tf.setBackend(previous);
  });
}

function isHere(name: 'tensorflow' | 'webgpu'): boolean | Promise<boolean> {
  return name === 'tensorflow' ? isNativeTensorFlowReady() : hasWebGpuAdapter();
}

/** How many tensors there are, for TensorFlow.js and for TensorFlow. */
export function tensorCounts(): string {
  const { numTensors } = tf.memory();
  return isNativeBackend()
    ? `${numTensors}, native ${nodeBackend().binding.getNumOfTensors()}`
    : `${numTensors}`;
}

/** Computes named arrays from named arrays by TensorFlow.js code. */
export type Evaluate = (
  inputs: NdArrays,
  compute: (tensors: Tensors) => Tensors,
) => Promise<Record<string, NdArray>>;

const evaluateEagerly: Evaluate = (inputs, compute) =>
  takeArrays(tf.tidy(() => ({ ...compute(mapValues(inputs, toTensor)) })));

const evaluateRecorded: Evaluate = async (inputs, compute) => {
  const metas = mapValues(inputs, ({ dtype, shape }) => ({ dtype, shape }));
  const run = (tensors: Tensors) => {
    const outputs = compute(tensors);
    const copies = mapValues(outputs, (tensor) => tf.clone(tensor));
    tf.dispose({ ...outputs });
    return { outputs: copies };
  };
  const runner = createGraphRunner({ state: {}, functions: { run: { inputs: metas, run } } });
  try {
    return await takeArrays(tf.tidy(() => runner.run('run', mapValues(inputs, toTensor))));
  } finally {
    runner.dispose();
  }
};

/** Copies tensors' values and disposes them, also those that were kept. */
async function takeArrays(tensors: Tensors): Promise<Record<string, NdArray>> {
  const constants = await takeConstants(tensors);
  return mapValues(constants, ({ values, ...meta }) => ({
    ...meta,
    values: Float64Array.from(values),
  }));
}

/**
 * Describes the same code on every device there is: native TensorFlow, eagerly and as a recorded graph, WebAssembly and WebGPU;
 * and on tfjs's own `cpu` backend.
 */
export function describeOnEveryBackend(title: string, body: (evaluate: Evaluate) => void): void {
  describe(title, () => {
    describe('on native TensorFlow', () => {
      useNativeTensorFlow();
      body(evaluateEagerly);
    });
    describe('as a recorded graph', () => {
      useNativeTensorFlow();
      body(evaluateRecorded);
    });
    describe('on the portable path', () => {
      usePortableBackend();
      body(evaluateEagerly);
    });
    describe('on WebAssembly', () => {
      useWebAssembly();
      body(evaluateEagerly);
    });
    describe('on WebGPU', function () {
      this.timeout(60_000);
      useWebGpu();
      body(evaluateEagerly);
    });
  });
}

/** `tf.tidy` for results that hold no tensors: it does not look for them in large arrays. */
export function tidily<T>(body: () => T): T {
  let result!: T;
  tf.tidy(() => void (result = body()));
  return result;
}

export function mapValues<T, U>(
  object: Readonly<Record<string, T>>,
  map: (value: T, key: string) => U,
): Record<string, U> {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, map(value, key)]));
}
