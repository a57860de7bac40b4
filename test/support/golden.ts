import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { readPyTorchCheckpoint, stateDictOf } from '../../src/export/pytorch/index.js';
import { decodeSafetensors } from '../../src/shared/safetensors.js';
import type { NamedTensors } from '../../src/train/packing.js';

/** Where golden numbers of other implementations lie: beside the repository, unless the environment says otherwise. */
const FOLDER =
  process.env['SEGPROBE_GOLDEN'] ??
  fileURLToPath(new URL('../../../shared/golden', import.meta.url));

/** Skips the suite it is called in, with a line that says so, where the folder `part` of golden numbers is absent. */
export function useGolden(part: string): void {
  before(`finds golden numbers of ${part}`, function () {
    if (existsSync(path.join(FOLDER, part))) return;
    process.stdout.write(
      `    (no golden numbers in ${path.join(FOLDER, part)}: SEGPROBE_GOLDEN)\n`,
    );
    this.skip();
  });
}

/** Where a file of golden numbers lies. */
export function goldenFile(...names: string[]): string {
  return path.join(FOLDER, ...names);
}

/** Reads a safetensors file of golden numbers. */
export function readGolden(...names: string[]): NamedTensors {
  const file = goldenFile(...names);
  return decodeSafetensors(readFileSync(file), file).tensors;
}

/** Reads the weights of a golden PyTorch checkpoint. */
export function readGoldenCheckpoint(...names: string[]): NamedTensors {
  const file = goldenFile(...names);
  return stateDictOf(readPyTorchCheckpoint(readFileSync(file), file), file);
}
