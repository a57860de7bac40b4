import { loadNativeTensorFlow } from '../../graph/native/load.js';
import { findNvidia } from '../../graph/native/nvidia.js';
import { ensureNativeTensorFlow } from '../../graph/native/setup.js';
import { nodeBackend } from '../../graph/node-backend.js';

/** Native TensorFlow in use, and what it computes on. */
export interface NativeInUse {
  readonly device: 'cuda' | 'cpu';
  readonly version: string;
}

/**
 * Makes native TensorFlow the backend in use; sets it up first if it is missing.
 *
 * @param device - `cpu` hides the GPU.
 * @param log - takes messages for the person who waits.
 * @throws SegprobeError `BACKEND_UNAVAILABLE` when it cannot be set up.
 */
export async function useNative(
  device: 'auto' | 'cuda' | 'cpu',
  log: (message: string) => void,
): Promise<NativeInUse> {
  // Read once, when the library is loaded: a CUDA build that sees no GPU computes on the CPU.
  if (device === 'cpu') process.env['CUDA_VISIBLE_DEVICES'] = '-1';
  await ensureNativeTensorFlow({ say: log });
  await loadNativeTensorFlow();
  const { binding } = nodeBackend();
  return { device: binding.isUsingGpuDevice() ? 'cuda' : 'cpu', version: binding.TF_Version };
}

/** Why native TensorFlow computes on what it was found to compute on. */
export async function reasonFor({ device }: NativeInUse): Promise<string> {
  if (device === 'cuda') return 'it sees an NVIDIA GPU';
  const { gpus } = await findNvidia(process.env);
  return gpus.length > 0
    ? `it sees no GPU; for the ${gpus[0]} run \`npm run setup -- --gpu\``
    : 'there is no NVIDIA GPU';
}
