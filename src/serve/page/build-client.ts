import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import { compressFolder } from './compress-folder.js';
import { drawSamples } from './draw-samples.js';

const CLIENT = fileURLToPath(new URL('../../client', import.meta.url));

/** What a build is marked with. */
export interface BuildMarks {
  /** Another for each build. */
  readonly build: string;
  /** Of ONNX Runtime, whose files lie in `runtime/VERSION/` beside the page. */
  readonly runtimeVersion: string;
}

/** Builds the page into `folder`: all but models and ONNX Runtime, with paths relative to the page, compressed beside. */
export async function buildClient(
  folder: string,
  { build: mark, runtimeVersion }: BuildMarks,
): Promise<void> {
  await build({
    configFile: false,
    root: CLIENT,
    base: './',
    logLevel: 'error',
    publicDir: 'public',
    define: { BUILD: JSON.stringify(mark), RUNTIME_VERSION: JSON.stringify(runtimeVersion) },
    resolve: {
      // ONNX Runtime's own glue stays a file of its own: its threads start from it.
      conditions: ['onnxruntime-web-use-extern-wasm', 'module', 'browser', 'production'],
    },
    worker: { format: 'es' },
    build: {
      outDir: folder,
      emptyOutDir: false,
      target: 'es2022',
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      reportCompressedSize: false,
    },
  });
  await drawSamples(folder);
  await compressFolder(folder);
}
