import * as tf from '@tensorflow/tfjs';
import { findWebGpuAdapter, type WebGpuAdapter } from '../../graph/native/webgpu.js';
import type { ProgramRunner } from '../../graph/program.js';
import { messageOf, SegprobeError } from '../../shared/errors.js';
import { registerPortableMaxPool } from '../kernels/portable-max-pool.js';
import { unavailable } from './unavailable.js';

/** The first error that the device in use gave without being asked. */
let failure: string | undefined;

/**
 * Makes WebGPU the backend in use: TensorFlow.js over Dawn, which npm's package `webgpu` brings into Node.
 *
 * @returns the adapter that it computes on: the one that Vulkan (Metal, Direct3D) names first for high performance.
 * @throws SegprobeError `BACKEND_UNAVAILABLE` where Dawn does not run or finds no adapter.
 */
export async function useWebGpu(): Promise<WebGpuAdapter> {
  const adapter = await findAdapter();
  if (tf.findBackend('webgpu') === null) await startDawn();
  if (!(await tf.setBackend('webgpu'))) throw unavailable('webgpu', 'one that does not start');
  await tf.ready();
  const { device } = tf.backend() as unknown as { device: GPUDevice };
  device.onuncapturederror = ({ error }) => (failure ??= error.message);
  return adapter;
}

async function findAdapter(): Promise<WebGpuAdapter> {
  let adapter: WebGpuAdapter | null;
  try {
    adapter = await findWebGpuAdapter(process.env);
  } catch (error) {
    const found = `npm's package webgpu, which does not run here: ${messageOf(error)}`;
    throw unavailable('webgpu', found, error);
  }
  if (adapter !== null) return adapter;
  throw unavailable(
    'webgpu',
    "no adapter: it needs a GPU with its driver for Vulkan, and Vulkan's loader (on Debian: apt-get install libvulkan1); " +
      'CONTRIBUTING.md tells how tests do without a GPU',
  );
}

/** Puts WebGPU where TensorFlow.js looks for it: where browsers have it. */
async function startDawn(): Promise<void> {
  const { create, globals } = await import('webgpu');
  Object.assign(globalThis, globals);
  const scope = globalThis as { navigator?: object };
  scope.navigator ??= {}; // Node has one from version 21 on.
  Object.defineProperty(scope.navigator, 'gpu', { value: create([]), configurable: true });
  await import('@tensorflow/tfjs-backend-webgpu');
  registerPortableMaxPool('webgpu');
}

/** WebGPU tells of errors, such as memory that is used up, only later: nothing that was computed since is taken for true. */
export function watchingDevice(runner: ProgramRunner): ProgramRunner {
  const assertWell = (): void => {
    if (failure === undefined) return;
    throw new SegprobeError(
      'BACKEND_UNAVAILABLE',
      `expected WebGPU to compute without errors, got: ${failure.split('\n')[0]}; where memory is short, a smaller --batch-size, ` +
        '--height and --width mend it',
    );
  };
  return {
    ...runner,
    run: (name, inputs) => {
      assertWell();
      return runner.run(name, inputs);
    },
    readState: async () => {
      const state = await runner.readState();
      assertWell();
      return state;
    },
  };
}
