import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { run } from './run.js';

/** What a machine has of NVIDIA's, as far as a look from outside tells. */
export interface NvidiaFacts {
  /** The version of the kernel driver; null where there is none. */
  readonly driver: string | null;
  /** Where the driver's library is, which TensorFlow's CUDA build needs; null where it is not. */
  readonly libcuda: string | null;
  readonly gpus: readonly string[];
}

const LIBRARY_FOLDERS = [
  '/usr/lib/x86_64-linux-gnu',
  '/usr/lib/aarch64-linux-gnu',
  '/usr/lib64',
  '/usr/lib',
  '/usr/lib/wsl/lib',
  '/usr/local/nvidia/lib64',
  '/usr/local/cuda/compat',
];

/** Looks for an NVIDIA driver and its GPUs. */
export async function findNvidia(env: NodeJS.ProcessEnv): Promise<NvidiaFacts> {
  const query = [
    'nvidia-smi',
    '--query-gpu=driver_version,name,memory.total',
    '--format=csv,noheader',
  ];
  const table = await run(query, { env, timeoutMs: 20_000 }).catch(() => '');
  const rows = table
    .split('\n')
    .filter((line) => line.includes(','))
    .map((line) => line.split(',').map((cell) => cell.trim()));
  return {
    driver: rows[0]?.[0] ?? (await driverOfKernel()),
    libcuda: findLibcuda(env),
    gpus: rows.map(([, name, memory]) => `${name} (${memory})`),
  };
}

async function driverOfKernel(): Promise<string | null> {
  const text = await readFile('/proc/driver/nvidia/version', 'utf8').catch(() => '');
  return /Kernel Module.*?\s(\d+\.[\d.]+)\s/.exec(text)?.[1] ?? null;
}

function findLibcuda(env: NodeJS.ProcessEnv): string | null {
  const named = (env['LD_LIBRARY_PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  const paths = [...named, ...LIBRARY_FOLDERS].map((folder) => join(folder, 'libcuda.so.1'));
  return paths.find((path) => existsSync(path)) ?? null;
}
