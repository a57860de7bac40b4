import * as tf from '@tensorflow/tfjs';
import { createEagerRunner } from '../graph/eager-runner.js';
import { createGraphRunner } from '../graph/graph-runner.js';
import { loadNativeTensorFlow } from '../graph/native/load.js';
import { ensureNativeTensorFlow } from '../graph/native/setup.js';
import { isNativeBackend, nodeBackend } from '../graph/node-backend.js';
import type { Program, ProgramRunner } from '../graph/program.js';
import { messageOf, SegprobeError } from '../shared/errors.js';
import { registerPortableFilterGradient } from './kernels/portable-filter-gradient.js';
import { registerPortableMaxPool } from './kernels/portable-max-pool.js';

export const DEVICES = ['auto', 'cuda', 'cpu', 'webgpu', 'wasm'] as const;
export type Device = (typeof DEVICES)[number];

export interface DeviceInUse {
  readonly device: 'cuda' | 'cpu' | 'wasm';
  /** One line for people: what runs where. */
  readonly description: string;
}

/**
 * Makes a backend ready and the one in use. Native TensorFlow is set up first if it is missing; `auto` falls back to
 * WebAssembly, with a warning, where that cannot be done.
 *
 * @param log - takes messages for the person who waits.
 * @throws SegprobeError `BACKEND_UNAVAILABLE` when the device that was asked for is not to be had.
 */
export async function useDevice(
  device: Device,
  log: (message: string) => void,
): Promise<DeviceInUse> {
  if (device === 'wasm') return useWasm();
  if (device === 'webgpu') throw unavailable('no WebGPU backend in this version', device);
  // Read once, when the library is loaded: a CUDA build that sees no GPU computes on the CPU.
  if (device === 'cpu') process.env['CUDA_VISIBLE_DEVICES'] = '-1';
  try {
    await ensureNativeTensorFlow({ say: log });
    await loadNativeTensorFlow();
  } catch (error) {
    if (device !== 'auto') throw error;
    log(
      `segprobe: warning: training falls back to WebAssembly, many times slower: ${messageOf(error)}`,
    );
    return useWasm();
  }
  const { binding } = nodeBackend();
  const found = binding.isUsingGpuDevice() ? 'cuda' : 'cpu';
  if (device === 'cuda' && found !== 'cuda') {
    throw unavailable(
      `TensorFlow ${binding.TF_Version} that sees no GPU; \`npm run setup -- --gpu\` sets up its CUDA build for an NVIDIA GPU, ` +
        '`npx segprobe doctor` shows what is missing',
      device,
    );
  }
  return { device: found, description: `TensorFlow ${binding.TF_Version} on ${found}` };
}

async function useWasm(): Promise<DeviceInUse> {
  const restore = keepListeners('uncaughtException', 'unhandledRejection');
  await import('@tensorflow/tfjs-backend-wasm');
  if (!(await tf.setBackend('wasm'))) throw unavailable('one that does not start', 'wasm');
  await tf.ready();
  restore();
  registerPortableFilterGradient('wasm');
  registerPortableMaxPool('wasm');
  return { device: 'wasm', description: 'TensorFlow.js on WebAssembly' };
}

/**
 * Emscripten's start code, which WebAssembly runs in, listens for errors that nobody catches and throws them again out of its
 * own one line of 60,000 characters, which Node then prints.
 * @returns takes away the listeners that were added since.
 */
function keepListeners(...events: readonly string[]): () => void {
  const before = events.map((event) => ({ event, listeners: process.listeners(event as 'exit') }));
  return () => {
    for (const { event, listeners } of before) {
      for (const added of process.listeners(event as 'exit')) {
        if (!listeners.includes(added)) process.off(event, added);
      }
    }
  };
}

function unavailable(found: string, device: Device): SegprobeError {
  return new SegprobeError('BACKEND_UNAVAILABLE', `expected --device ${device}, got ${found}`);
}

/** Runs a program in the best way that the backend in use has: as one recorded graph, or eagerly. */
export function createRunner(program: Program): ProgramRunner {
  if (isNativeBackend()) return createGraphRunner(program);
  const runner = createEagerRunner(program);
  if (tf.getBackend() !== 'wasm') return runner;
  return { ...runner, run: (name, inputs) => namingMemory(() => runner.run(name, inputs)) };
}

/** WebAssembly addresses 4 GiB and ends with "Aborted()" where that is not enough; nothing computes after that. */
function namingMemory<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof Error && error.name === 'RuntimeError')) throw error;
    throw new SegprobeError(
      'BACKEND_UNAVAILABLE',
      "expected room in WebAssembly's 4 GiB, got a batch that needs more; a smaller --batch-size, --height and --width, or native " +
        'TensorFlow (npm run setup) mend it',
      { cause: error },
    );
  }
}
