import { existsSync } from 'node:fs';
import { findWebGpuAdapter } from '../../src/graph/native/webgpu.js';

/** Debian's Chromium brings a driver for Vulkan that computes on the CPU. */
const SWIFTSHADER = '/usr/lib/chromium/vk_swiftshader_icd.json';

let found: Promise<boolean> | undefined;

/**
 * Tells whether WebGPU has an adapter: the machine's, unless `VK_ICD_FILENAMES` names another, or Chromium's where it is installed.
 * All tests of this process then compute on it.
 */
export function hasWebGpuAdapter(): Promise<boolean> {
  if (existsSync(SWIFTSHADER)) process.env['VK_ICD_FILENAMES'] ??= SWIFTSHADER;
  found ??= findWebGpuAdapter(process.env).then(
    (adapter) => adapter !== null,
    () => false,
  );
  return found;
}
