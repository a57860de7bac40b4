import * as tf from '@tensorflow/tfjs';
import { createEagerRunner } from '../graph/eager-runner.js';
import { createGraphRunner } from '../graph/graph-runner.js';
import { findWebGpuAdapter } from '../graph/native/webgpu.js';
import { isNativeBackend } from '../graph/node-backend.js';
import type { Program, ProgramRunner } from '../graph/program.js';
import { messageOf } from '../shared/errors.js';
import { type NativeInUse, reasonFor, useNative } from './devices/native.js';
import { unavailable } from './devices/unavailable.js';
import { namingMemory, useWasm } from './devices/wasm.js';
import { useWebGpu, watchingDevice } from './devices/webgpu.js';

export const DEVICES = ['auto', 'cuda', 'cpu', 'webgpu', 'wasm'] as const;
export type Device = (typeof DEVICES)[number];

export interface DeviceInUse {
  readonly device: Exclude<Device, 'auto'>;
  /** One line for people: what runs where, and why where `auto` chose. */
  readonly description: string;
}

/**
 * Makes a backend ready and the one in use. Native TensorFlow is set up first if it is missing.
 *
 * `auto` takes native TensorFlow, on CUDA where it sees a GPU: it runs a recorded graph, the others one operator after the other.
 * Where it cannot be had, `auto` takes WebGPU on a GPU, or else WebAssembly, and warns.
 *
 * @param log - takes messages for the person who waits.
 * @throws SegprobeError `BACKEND_UNAVAILABLE` when the device that was asked for is not to be had.
 */
export async function useDevice(
  device: Device,
  log: (message: string) => void,
): Promise<DeviceInUse> {
  switch (device) {
    case 'auto':
      return useBest(log);
    case 'cuda':
    case 'cpu':
      return describeNative(await useAsked(device, log));
    case 'webgpu':
      return startWebGpu(log);
    case 'wasm':
      return startWasm();
  }
}

async function useBest(log: (message: string) => void): Promise<DeviceInUse> {
  let problem: string;
  try {
    const native = await useNative('auto', log);
    return describeNative(native, await reasonFor(native));
  } catch (error) {
    problem = messageOf(error);
  }
  const adapter = await findWebGpuAdapter(process.env).catch(() => null);
  const hasGpu = adapter !== null && !adapter.isSoftware;
  const fallback = hasGpu ? 'WebGPU, slower than CUDA' : 'WebAssembly, many times slower';
  log(`segprobe: warning: training falls back to ${fallback}: ${problem}`);
  return hasGpu ? startWebGpu(log) : startWasm();
}

async function useAsked(
  device: 'cuda' | 'cpu',
  log: (message: string) => void,
): Promise<NativeInUse> {
  const native = await useNative(device, log);
  if (device === 'cpu' || native.device === 'cuda') return native;
  throw unavailable(
    device,
    `TensorFlow ${native.version} that sees no GPU; \`npm run setup -- --gpu\` sets up its CUDA build for an NVIDIA GPU, ` +
      '`npx segprobe doctor` shows what is missing',
  );
}

function describeNative({ device, version }: NativeInUse, reason?: string): DeviceInUse {
  const because = reason === undefined ? '' : ` (${reason})`;
  return { device, description: `TensorFlow ${version} on ${device}${because}` };
}

async function startWebGpu(log: (message: string) => void): Promise<DeviceInUse> {
  const { name, isSoftware } = await useWebGpu();
  if (isSoftware) {
    log(
      `segprobe: warning: WebGPU found no GPU, only ${name}, which computes on the CPU: far slower than --device cpu or wasm`,
    );
  }
  return { device: 'webgpu', description: `TensorFlow.js on WebGPU, ${name}` };
}

async function startWasm(): Promise<DeviceInUse> {
  await useWasm();
  return { device: 'wasm', description: 'TensorFlow.js on WebAssembly' };
}

/** Runs a program in the best way that the backend in use has: as one recorded graph, or eagerly. */
export function createRunner(program: Program): ProgramRunner {
  if (isNativeBackend()) return createGraphRunner(program);
  const runner = createEagerRunner(program);
  switch (tf.getBackend()) {
    case 'wasm':
      return namingMemory(runner);
    case 'webgpu':
      return watchingDevice(runner);
    default:
      return runner;
  }
}
