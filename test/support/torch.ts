import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';

/** Skips the suite it is called in, with a line that says so, where Python lacks PyTorch, or other packages that it needs. */
export function usePyTorch(...others: readonly string[]): void {
  before('finds PyTorch', function () {
    this.timeout(120_000); // It is slow to load on a busy machine.
    const packages = ['torch', ...others];
    if (spawnSync('python3', ['-c', `import ${packages.join()}`]).status === 0) return;
    const names = packages.join(' ');
    process.stdout.write(`    skipped: python3 lacks one of ${names} (pip install ${names})\n`);
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
