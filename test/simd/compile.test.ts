import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { COMPILED, compileSimd } from '../../src/simd/compile.js';

describe('simd', () => {
  it('is what src/simd compiles to', async () => {
    assert.equal(
      await readFile(COMPILED, 'utf8'),
      await compileSimd(),
      'src/shared/simd-wasm.ts is older than src/simd: npm run simd',
    );
  }).timeout(60_000);
});
