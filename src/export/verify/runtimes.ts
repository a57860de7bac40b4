import { availableParallelism } from 'node:os';
import type { FormName } from '../../inference/model-forms.js';

/** `onnx` is `NAME.onnx` itself. */
export type VerifiedForm = 'onnx' | FormName;

/** Something that runs models. */
export interface Runtime {
  readonly package: 'onnxruntime-node' | 'onnxruntime-web';
  readonly provider: 'cpu' | 'webgpu' | 'cuda' | 'wasm';
  /** What ONNX Runtime's profile calls the provider. */
  readonly profiledAs: string;
  /** Null where they are not ours to choose. */
  readonly threads: number | null;
  /** Those that are made for it. */
  readonly forms: readonly VerifiedForm[];
}

const CPU = 'CPUExecutionProvider';
const cores = availableParallelism();

/** Every runtime that a model is to run on; to add one, a row. Browsers alone have onnxruntime-web's WebGPU. */
export const RUNTIMES: readonly Runtime[] = [
  ...node('cpu', CPU, cores, ['onnx', 'serve']),
  ...node('webgpu', 'WebGpuExecutionProvider', null, ['onnx']),
  ...node('cuda', 'CUDAExecutionProvider', null, ['onnx']),
  ...wasm(1),
  ...(cores > 1 ? wasm(cores) : []),
];

function node(
  provider: Runtime['provider'],
  profiledAs: string,
  threads: number | null,
  forms: Runtime['forms'],
): Runtime[] {
  return [{ package: 'onnxruntime-node', provider, profiledAs, threads, forms }];
}

function wasm(threads: number): Runtime[] {
  const forms = ['onnx', 'web'] as const;
  return [{ package: 'onnxruntime-web', provider: 'wasm', profiledAs: CPU, threads, forms }];
}
