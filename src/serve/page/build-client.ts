import { readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import { compressFolder } from './compress-folder.js';
import { drawSamples } from './draw-samples.js';

const SERVICE_WORKER = 'service-worker';
/** The page itself is kept under the address of its folder. */
const NOT_OFFLINE = new Set([`${SERVICE_WORKER}.js`, 'index.html']);
const CLIENT = fileURLToPath(new URL('../../client', import.meta.url));

/** Where a build goes, and what it is marked with. */
export interface ClientBuild {
  readonly folder: string;
  /** Another for each build. */
  readonly build: string;
  /** Of ONNX Runtime, whose files lie in `runtime/VERSION/` beside the page. */
  readonly runtimeVersion: string;
}

/** Builds the page into `folder`: all but models and ONNX Runtime, with paths relative to the page, compressed beside. */
export async function buildClient({
  folder,
  build: mark,
  runtimeVersion,
}: ClientBuild): Promise<void> {
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
      rolldownOptions: {
        input: {
          index: path.join(CLIENT, 'index.html'),
          [SERVICE_WORKER]: path.join(CLIENT, SERVICE_WORKER, `${SERVICE_WORKER}.ts`),
        },
        output: {
          // Its place and its name are what a browser knows it by.
          entryFileNames: ({ name }) =>
            name === SERVICE_WORKER ? '[name].js' : 'assets/[name]-[hash].js',
        },
      },
    },
  });
  await drawSamples(folder);
  await listFiles(folder);
  await compressFolder(folder);
}

/** Lists what the page needs offline, for its service worker: `files.json`. */
async function listFiles(folder: string): Promise<void> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile() && !NOT_OFFLINE.has(entry.name))
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)));
  const urls = files.map((file) => file.split(path.sep).join('/')).sort();
  await writeFile(path.join(folder, 'files.json'), JSON.stringify(urls));
}
