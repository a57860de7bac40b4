import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import asc, { createMemoryStream } from 'assemblyscript/asc';

/** Where the bytes are kept: a module, which Node, the page and its bundler all load alike. */
export const COMPILED = new URL('../shared/simd-wasm.ts', import.meta.url);

/**
 * Compiles `assembly/`.
 * @returns the text of {@link COMPILED}.
 * @throws Error with the compiler's words.
 */
export async function compileSimd(): Promise<string> {
  const written = new Map<string, string | Uint8Array>();
  const stderr = createMemoryStream();
  const { error } = await asc.main(
    [
      'index.ts',
      ...['--outFile', 'simd.wasm', '--runtime', 'stub', '--enable', 'simd,bulk-memory'],
      ...['-O3', '--converge', '--noAssert', '--use', 'abort='],
      ...['--baseDir', fileURLToPath(new URL('assembly', import.meta.url))],
    ],
    { stderr, writeFile: (name, contents) => void written.set(name, contents) },
  );
  if (error) throw new Error(stderr.toString(), { cause: error });
  const base64 = Buffer.from(written.get('simd.wasm') as Uint8Array).toString('base64');
  return [
    '/** What `npm run simd` made of src/simd: a module of WebAssembly, in base64. */',
    'export const SIMD_WASM =',
    `  '${base64}';`,
    '',
  ].join('\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await writeFile(COMPILED, await compileSimd());
}
