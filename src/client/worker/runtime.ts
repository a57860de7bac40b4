import type { InferenceSession, TensorConstructor } from 'onnxruntime-web';
import type { Engine, Provider } from './protocol.js';

/** ONNX Runtime, as far as it is used here. */
export interface OnnxRuntime {
  readonly engine: Engine;
  readonly Tensor: TensorConstructor;
  readonly open: (model: Uint8Array) => Promise<InferenceSession>;
}

/** More threads than this gain nothing on pictures of this size. */
const MAX_THREADS = 8;

/**
 * Starts ONNX Runtime's WebAssembly, with threads where the page is isolated from others.
 *
 * @param runtimeUrl - the folder of its files.
 */
export async function openRuntime(
  runtimeUrl: string,
  _wish: Provider | 'auto',
): Promise<OnnxRuntime> {
  const { env, InferenceSession, Tensor } = await import('onnxruntime-web/wasm');
  const file = (extension: string): string =>
    new URL(`ort-wasm-simd-threaded.${extension}`, runtimeUrl).href;
  const threads = crossOriginIsolated ? Math.min(navigator.hardwareConcurrency, MAX_THREADS) : 1;
  env.wasm.wasmPaths = { mjs: file('mjs'), wasm: file('wasm') };
  env.wasm.numThreads = threads;
  return {
    engine: {
      provider: 'wasm',
      threads,
      files: [file('mjs'), file('wasm')],
      why: crossOriginIsolated
        ? null
        : 'the page is not isolated (headers COOP and COEP), so threads may not be used',
    },
    Tensor,
    open: (model) =>
      InferenceSession.create(model, { executionProviders: ['wasm'], logSeverityLevel: 4 }),
  };
}
