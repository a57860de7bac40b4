import * as tf from '@tensorflow/tfjs';
import { createEagerRunner } from '../graph/eager-runner.js';
import { createGraphRunner } from '../graph/graph-runner.js';
import { loadNativeTensorFlow } from '../graph/native/load.js';
import { ensureNativeTensorFlow } from '../graph/native/setup.js';
import { isNativeBackend, nodeBackend } from '../graph/node-backend.js';
import type { Program, ProgramRunner } from '../graph/program.js';
import { messageOf, SegprobeError } from '../shared/errors.js';

export const DEVICES = ['auto', 'cuda', 'cpu', 'wasm'] as const;
export type Device = (typeof DEVICES)[number];

export interface DeviceInUse {
  readonly device: Exclude<Device, 'auto'>;
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
  try {
    await ensureNativeTensorFlow({ say: log });
    await loadNativeTensorFlow();
  } catch (error) {
    if (device !== 'auto') throw error;
    log(
      `native TensorFlow is not to be had, training falls back to WebAssembly, many times slower: ${messageOf(error)}`,
    );
    return useWasm();
  }
  const { binding } = nodeBackend();
  const found = binding.isUsingGpuDevice() ? 'cuda' : 'cpu';
  if (device !== 'auto' && device !== found) {
    throw new SegprobeError(
      'BACKEND_UNAVAILABLE',
      `expected --device ${device}, got TensorFlow on ${found}; npm run setup${device === 'cuda' ? ' -- --gpu' : ''} mends it`,
    );
  }
  return { device: found, description: `TensorFlow ${binding.TF_Version} on ${found}` };
}

async function useWasm(): Promise<DeviceInUse> {
  await import('@tensorflow/tfjs-backend-wasm');
  await tf.setBackend('wasm');
  await tf.ready();
  return { device: 'wasm', description: 'TensorFlow.js on WebAssembly' };
}

/** Runs a program in the best way that the backend in use has: as one recorded graph, or eagerly. */
export function createRunner(program: Program): ProgramRunner {
  return isNativeBackend() ? createGraphRunner(program) : createEagerRunner(program);
}
