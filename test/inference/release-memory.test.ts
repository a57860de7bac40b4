import assert from 'node:assert/strict';
import { releaseMemory } from '../../src/inference/release-memory.js';

describe('releaseMemory', () => {
  it('gives memory back without a garbage collection', () => {
    const [count, bytes] = [200, 2 ** 20];
    const before = process.memoryUsage.rss();
    const arrays = Array.from({ length: count }, () => {
      const own = new Uint8Array(bytes).fill(1);
      releaseMemory([own.buffer]);
      return own;
    });
    assert.ok(arrays.every((own) => own.length === 0));
    const grown = process.memoryUsage.rss() - before;
    // All of them are still referred to, and would be there.
    assert.ok(grown < (count * bytes) / 2, `${Math.round(grown / 2 ** 20)} MiB more`);
  });
});
