import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { run } from './run.js';

const require = createRequire(import.meta.url);

/** A WebGPU adapter as it describes itself. */
export interface WebGpuAdapter {
  /** E.g. `nvidia ampere`, `google swiftshader`. */
  readonly name: string;
  /** Computes on the CPU: for tests, far slower than the other devices. */
  readonly isSoftware: boolean;
}

const SCRIPT = `
const { create } = await import(process.argv[1]);
const adapter = await create([]).requestAdapter({ powerPreference: 'high-performance' });
const { vendor, architecture, device, description, isFallbackAdapter } = adapter?.info ?? {};
const name = [vendor, architecture].filter(Boolean).join(' ') || description || device;
const isSoftware = isFallbackAdapter || /swiftshader|llvmpipe|lavapipe/i.test([name, device, description]);
process.stdout.write(JSON.stringify(adapter && { name, isSoftware }), () => process.exit(0));`;

/**
 * Asks Dawn, the WebGPU of npm's package `webgpu`, for its adapter: a process of its own, since it looks for drivers, which may
 * complain or crash.
 *
 * @returns null where there is none.
 * @throws Error with the reason when Dawn itself does not run here: the package is optional, and has no binary for every system.
 */
export async function findWebGpuAdapter(env: NodeJS.ProcessEnv): Promise<WebGpuAdapter | null> {
  const command = [process.execPath, '--input-type=module', '-e', SCRIPT];
  const printed = await run([...command, require.resolve('webgpu')], {
    env: { ...env, NODE_OPTIONS: '' },
    timeoutMs: 60_000,
  });
  return JSON.parse(printed) as WebGpuAdapter | null;
}

/** What WebGPU computes on. */
export interface WebGpu {
  /** The adapter's; null where there is none. */
  readonly name: string | null;
  readonly isSoftware: boolean;
  /** What a process needs to see it. */
  readonly env: NodeJS.ProcessEnv;
}

/** Debian's Chromium brings a Vulkan that computes on the CPU. */
const CHROMIUM = '/usr/lib/chromium';
const SWIFTSHADER = path.join(CHROMIUM, 'vk_swiftshader_icd.json');

/** Finds what WebGPU computes on: the machine's adapter, or else, for tests, Chromium's, which is the CPU. */
export async function findWebGpu(env: NodeJS.ProcessEnv): Promise<WebGpu> {
  const libraries = [CHROMIUM, env['LD_LIBRARY_PATH']].filter(Boolean).join(':');
  const software = { ...env, LD_LIBRARY_PATH: libraries, VK_ICD_FILENAMES: SWIFTSHADER };
  for (const own of [env, ...(existsSync(SWIFTSHADER) ? [software] : [])]) {
    const adapter = await findWebGpuAdapter(own).catch(() => null);
    if (adapter !== null) return { ...adapter, env: own };
  }
  return { name: null, isSoftware: false, env };
}
