import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** What `new Piscina(…)` and `new Worker(…)` need to run a TypeScript file. */
export interface TypescriptWorkerOptions {
  /** The worker's file as a path. */
  readonly filename: string;
  /** Node's flags for the thread: tsx compiles what it loads. */
  readonly execArgv: string[];
}

/**
 * Says how to start a worker thread from a TypeScript file. Threads inherit neither the loader that the command line
 * registers nor, once `execArgv` is given, the flags of the process; so tsx is named here, by its place on the disk.
 *
 * @param file - the worker's file as written beside the caller, e.g. `'./draw-worker.ts'`.
 * @param callerUrl - the caller's `import.meta.url`.
 */
export function typescriptWorkerOptions(file: string, callerUrl: string): TypescriptWorkerOptions {
  // Not import.meta.resolve: a worker pool may load this file through require, where tsx has none.
  const tsx = createRequire(import.meta.url).resolve('tsx');
  return {
    filename: fileURLToPath(new URL(file, callerUrl)),
    execArgv: ['--import', pathToFileURL(tsx).href],
  };
}
