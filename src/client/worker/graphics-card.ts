import type { Provider } from './protocol.js';

/** What a page sees of WebGPU, as far as it is asked here. */
interface Gpu {
  requestAdapter(): Promise<{
    readonly info?: { readonly isFallbackAdapter?: boolean };
  } | null>;
}

/**
 * Finds out why the graphics card is not to be tried.
 *
 * @param wish - a provider that somebody insists on.
 * @returns null where it is.
 */
export async function whyNoGraphicsCard(wish: Provider | 'auto'): Promise<string | null> {
  if (wish === 'wasm') return 'WebAssembly was asked for';
  const { gpu } = navigator as { readonly gpu?: Gpu };
  if (gpu === undefined) return 'this browser has no WebGPU';
  const adapter = await gpu.requestAdapter().catch(() => null);
  if (adapter === null) return 'WebGPU finds no graphics card';
  const isSlow = adapter.info?.isFallbackAdapter === true && wish === 'auto';
  return isSlow ? 'WebGPU would compute on the processor' : null;
}
