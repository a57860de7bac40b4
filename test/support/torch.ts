import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';

/** Skips the suite it is called in, with a line that says so, where Python has no PyTorch. */
export function usePyTorch(): void {
  before('finds PyTorch', function () {
    this.timeout(120_000); // It is slow to load on a busy machine.
    if (spawnSync('python3', ['-c', 'import torch']).status === 0) return;
    process.stdout.write('    skipped: python3 has no torch package (pip install torch)\n');
    this.skip();
  });
}

/**
 * Runs a Python script to its end.
 * @returns what it printed.
 */
export function runPython(script: string, ...args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync('python3', ['-c', script, ...args], {
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  });
  assert.equal(status, 0, stderr);
  return stdout;
}
