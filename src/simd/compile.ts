import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** Where the bytes are kept: a module, which Node, the page and its bundler all load alike. */
export const COMPILED = new URL('../shared/simd-wasm.ts', import.meta.url);

/** The compiler's own program: its types would add AssemblyScript's globals to ours. */
const COMPILER = createRequire(import.meta.url).resolve('assemblyscript/bin/asc.js');
const OPTIONS = [
  ...['--runtime', 'stub', '--enable', 'simd,bulk-memory'],
  ...['-O3', '--converge', '--noAssert', '--use', 'abort='],
];

/**
 * Compiles `assembly/`.
 * @returns the text of {@link COMPILED}.
 * @throws Error with the compiler's words.
 */
export async function compileSimd(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'segprobe-simd-'));
  try {
    const outFile = path.join(folder, 'simd.wasm');
    const cwd = fileURLToPath(new URL('assembly', import.meta.url));
    const flags = [COMPILER, 'index.ts', '--outFile', outFile, ...OPTIONS];
    await promisify(execFile)(process.execPath, flags, { cwd });
    const base64 = await readFile(outFile, 'base64');
    return [
      '/** What `npm run simd` made of src/simd: a module of WebAssembly, in base64. */',
      'export const SIMD_WASM =',
      `  '${base64}';`,
      '',
    ].join('\n');
  } finally {
    await rm(folder, { recursive: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await writeFile(COMPILED, await compileSimd());
}
