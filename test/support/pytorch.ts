import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { decodeSafetensors, encodeSafetensors } from '../../src/shared/safetensors.js';
import type { NamedTensors } from '../../src/train/packing.js';
import { withTemporaryFolder } from './temporary-folder.js';

/** Skips the suite it is called in, with a line that says so, where Python has no PyTorch. */
export function usePyTorch(): void {
  before('finds PyTorch', function () {
    this.timeout(120_000); // Slow to load on a busy machine.
    if (spawnSync('python3', ['-c', 'import torch, safetensors']).status === 0) return;
    process.stdout.write('    skipped: python3 has no torch (pip install torch safetensors)\n');
    this.skip();
  });
}

/** Runs a Python script that reads named tensors from its first argument and writes others to its second. */
export async function runPyTorch(script: string, tensors: NamedTensors): Promise<NamedTensors> {
  let found!: NamedTensors;
  await withTemporaryFolder((folder) => {
    const [source, target] = [path.join(folder, 'source'), path.join(folder, 'target')];
    writeFileSync(source, encodeSafetensors(tensors, {}));
    const { status, stderr } = spawnSync('python3', [script, source, target], { encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    found = decodeSafetensors(readFileSync(target), target).tensors;
    return Promise.resolve();
  });
  return found;
}
