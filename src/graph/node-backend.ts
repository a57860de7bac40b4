/**
 * Everything that segprobe knows about the inside of tfjs-node 4.22 (pinned in package.json) is in this file: the choke point
 * `backend.binding`, through which every kernel passes, and the map from tensors to native handles.
 */
import * as tf from '@tensorflow/tfjs';
import { SegprobeError } from '../shared/errors.js';
import type { Attribute, Attributes, DType } from './graph.js';

/** A native tensor as the binding describes it: `dtype` is TensorFlow's number. */
export interface NativeTensor {
  readonly id: number;
  readonly shape: number[];
  readonly dtype: number;
}

export interface NativeAttribute {
  readonly name: string;
  readonly type: number;
  readonly value: unknown;
}

export interface NativeBinding {
  createTensor(shape: number[], dtype: number, values: ArrayLike<number>): number;
  deleteTensor(id: number): void;
  tensorDataSync(id: number): Float32Array | Int32Array | Uint8Array;
  executeOp(
    op: string,
    attributes: NativeAttribute[],
    inputs: number[],
    outputs: number,
  ): NativeTensor[];
  loadSavedModel(folder: string, tags: string): number;
  deleteSavedModel(session: number): void;
  runSavedModel(
    session: number,
    inputs: number[],
    inputNames: string,
    outputNames: string,
  ): NativeTensor[];
  getNumOfTensors(): number;
  isUsingGpuDevice(): boolean;
  readonly TF_Version: string;
  readonly TF_ATTR_STRING: number;
  readonly TF_ATTR_INT: number;
  readonly TF_ATTR_FLOAT: number;
  readonly TF_ATTR_BOOL: number;
  readonly TF_ATTR_TYPE: number;
  readonly TF_ATTR_SHAPE: number;
}

export interface NodeBackend {
  binding: NativeBinding;
  createOutputTensor(native: NativeTensor): tf.Tensor;
  getInputTensorIds(tensors: readonly tf.Tensor[]): number[];
}

/** TensorFlow's numbers of the data types in use (tensorflow/core/framework/types.proto). */
export const TF_DTYPE = { float32: 1, int32: 3, bool: 10 } as const satisfies Record<DType, number>;

/** Turns TensorFlow's number of a data type into tfjs's name. */
export function dtypeOf(number: number): DType {
  for (const [name, value] of Object.entries(TF_DTYPE)) if (value === number) return name as DType;
  throw new SegprobeError(
    'GRAPH_UNSUPPORTED',
    `expected a tensor of ${Object.keys(TF_DTYPE).join(', ')}, got TensorFlow's type number ${number}`,
  );
}

/** Tells whether native TensorFlow is the backend in use. */
export function isNativeBackend(): boolean {
  return tf.getBackend() === 'tensorflow';
}

/**
 * The native backend in use.
 * @throws SegprobeError `BACKEND_UNAVAILABLE` when another backend is active.
 */
export function nodeBackend(): NodeBackend {
  if (!isNativeBackend()) {
    throw new SegprobeError(
      'BACKEND_UNAVAILABLE',
      `expected native TensorFlow as the backend, got ${tf.getBackend() || 'none'}`,
    );
  }
  return tf.backend() as unknown as NodeBackend;
}

/** Copies `binding` with some methods replaced; the native object's own properties are read-only. */
export function deriveBinding(
  binding: NativeBinding,
  methods: Partial<NativeBinding>,
): NativeBinding {
  const properties = Object.entries(methods).map(([name, value]) => [name, { value }] as const);
  return Object.create(binding, Object.fromEntries(properties)) as NativeBinding;
}

/** Turns the binding's attributes into the graph's. */
export function toAttributes(
  binding: NativeBinding,
  native: readonly NativeAttribute[],
): Attributes {
  const convert = ({ name, type, value }: NativeAttribute): Attribute => {
    switch (type) {
      case binding.TF_ATTR_STRING:
        return { kind: 'string', value: value as string };
      case binding.TF_ATTR_INT:
        return Array.isArray(value)
          ? { kind: 'ints', value: value as number[] }
          : { kind: 'int', value: value as number };
      case binding.TF_ATTR_FLOAT:
        return { kind: 'float', value: value as number };
      case binding.TF_ATTR_BOOL:
        return { kind: 'bool', value: value as boolean };
      case binding.TF_ATTR_TYPE:
        return { kind: 'type', value: dtypeOf(value as number) };
      case binding.TF_ATTR_SHAPE:
        return { kind: 'shape', value: value as number[] };
      default:
        throw new SegprobeError(
          'GRAPH_UNSUPPORTED',
          `attribute ${name}: expected one of TensorFlow's string, int, float, bool, type, shape, got kind ${type}`,
        );
    }
  };
  return Object.fromEntries(native.map((attribute) => [attribute.name, convert(attribute)]));
}

/** Turns the graph's attributes into the binding's. */
function toNativeAttributes(binding: NativeBinding, attributes: Attributes): NativeAttribute[] {
  return Object.entries(attributes).map(([name, { kind, value }]) => {
    switch (kind) {
      case 'string':
        return { name, type: binding.TF_ATTR_STRING, value };
      case 'int':
      case 'ints':
        return { name, type: binding.TF_ATTR_INT, value };
      case 'float':
        return { name, type: binding.TF_ATTR_FLOAT, value };
      case 'bool':
        return { name, type: binding.TF_ATTR_BOOL, value };
      case 'type':
        return { name, type: binding.TF_ATTR_TYPE, value: TF_DTYPE[value] };
      case 'shape':
        return { name, type: binding.TF_ATTR_SHAPE, value };
      case 'types':
      case 'function':
      case 'tensor':
        throw new Error(
          `attribute ${name} of kind ${kind} cannot pass through tfjs-node's binding`,
        );
    }
  });
}

/**
 * Executes a TensorFlow operator that tfjs has no function for. Only on native TensorFlow; it can be recorded like any other.
 *
 * @param outputs - how many outputs to take.
 * @returns the outputs; the caller disposes them.
 */
export function executeRawOp(
  op: string,
  attributes: Attributes,
  inputs: readonly tf.Tensor[],
  outputs = 1,
): tf.Tensor[] {
  const backend = nodeBackend();
  const ids = backend.getInputTensorIds(inputs);
  const native = backend.binding.executeOp(
    op,
    toNativeAttributes(backend.binding, attributes),
    ids,
    outputs,
  );
  return native.map((tensor) => backend.createOutputTensor(tensor));
}

/**
 * Runs `body` with those kernels replaced that read their inputs' values on the way and so cannot be recorded: GatherV2 checks
 * its indices in JavaScript (TensorFlow checks them again when the graph runs).
 */
export function withRecordableKernels(body: () => void): void {
  const original = tf.getKernel('GatherV2', 'tensorflow');
  const replace = (kernel: tf.KernelConfig): void => {
    tf.unregisterKernel('GatherV2', 'tensorflow');
    tf.registerKernel(kernel);
  };
  replace({
    ...original,
    kernelFunc: ({ inputs, attrs }) => {
      const { x, indices } = inputs as { x: tf.Tensor; indices: tf.Tensor };
      const { axis, batchDims } = attrs as unknown as { axis: number; batchDims?: number };
      const type = (value: string) => ({ kind: 'type', value: value as DType }) as const;
      const attributes: Attributes = {
        batch_dims: { kind: 'int', value: batchDims ?? 0 },
        Tparams: type(x.dtype),
        Tindices: type(indices.dtype),
        Taxis: type('int32'),
      };
      return executeRawOp('GatherV2', attributes, [x, indices, tf.scalar(axis, 'int32')])[0]!;
    },
  });
  try {
    body();
  } finally {
    replace(original);
  }
}
