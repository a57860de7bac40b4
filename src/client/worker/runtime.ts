import type { InferenceSession, TensorConstructor } from 'onnxruntime-web';
import type { Provider } from './protocol.js';

/** ONNX Runtime with one provider, as far as it is used here. */
export interface OnnxRuntime {
  readonly provider: Provider;
  readonly threads: number;
  /** What is fetched to start it. */
  readonly files: readonly string[];
  readonly Tensor: TensorConstructor;
  readonly open: (model: Uint8Array) => Promise<InferenceSession>;
}

/** More threads than this gain nothing on pictures of this size. */
const MAX_THREADS = 8;

/**
 * Starts ONNX Runtime, by the smallest build that has the provider: in WebAssembly with threads where the page is isolated from
 * others, or on the graphics card.
 *
 * @param runtimeUrl - the folder of its files.
 */
export async function openRuntime(runtimeUrl: string, provider: Provider): Promise<OnnxRuntime> {
  const [{ env, InferenceSession, Tensor }, build] = await importBuild(provider);
  const file = (extension: string): string =>
    new URL(`ort-wasm-simd-threaded${build}.${extension}`, runtimeUrl).href;
  const [mjs, wasm] = [file('mjs'), file('wasm')];
  // The graphics card's build computes on the processor only what little the card cannot.
  const mayShare = crossOriginIsolated && provider === 'wasm';
  const threads = mayShare ? Math.min(navigator.hardwareConcurrency, MAX_THREADS) : 1;
  env.wasm.wasmPaths = { mjs, wasm };
  env.wasm.numThreads = threads;
  return {
    provider,
    threads,
    files: [mjs, wasm],
    Tensor,
    open: (model) =>
      InferenceSession.create(model, { executionProviders: [provider], logSeverityLevel: 4 }),
  };
}

async function importBuild(provider: Provider) {
  if (provider === 'wasm') return [await import('onnxruntime-web/wasm'), ''] as const;
  // Where WebAssembly can wait for promises, its code need not be rewritten to.
  return 'Suspending' in WebAssembly
    ? ([await import('onnxruntime-web/jspi'), '.jspi'] as const)
    : ([await import('onnxruntime-web/webgpu'), '.asyncify'] as const);
}
