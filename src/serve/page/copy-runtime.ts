import { copyFile, mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { compressFolder } from './compress-folder.js';

/** For each provider the smallest build that has it; of those for WebGPU, the smaller one is for browsers that can wait for promises. */
const FILES = ['', '.jspi', '.asyncify'].flatMap((build) => [
  `ort-wasm-simd-threaded${build}.mjs`,
  `ort-wasm-simd-threaded${build}.wasm`,
]);

/** Copies ONNX Runtime for browsers into `folder`, compressed beside. */
export async function copyRuntime(folder: string): Promise<void> {
  const distribution = path.dirname(createRequire(import.meta.url).resolve('onnxruntime-web'));
  await mkdir(folder, { recursive: true });
  for (const file of FILES) await copyFile(path.join(distribution, file), path.join(folder, file));
  await compressFolder(folder);
}
