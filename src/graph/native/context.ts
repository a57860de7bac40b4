import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { NODE_API_VERSION, TENSORFLOW_VERSION, TFJS_NODE_VERSION, type Variant } from './pins.js';

const require = createRequire(import.meta.url);

/** Raised when the files of the cache are laid out or made in another way, so that older ones are left aside. */
const LAYOUT = 1;

/** Where set-up works, and how it speaks. */
export interface NativeContext {
  /** The folder of `@tensorflow/tfjs-node-gpu`, whose binding is set up. */
  readonly packageDir: string;
  /** What outlives `npm ci`: libtensorflow and the compiled binding. */
  readonly cacheDir: string;
  /** The environment of the programs that are run. */
  readonly env: NodeJS.ProcessEnv;
  /** Tells a person what is going on, a line at a time. */
  readonly say: (line: string) => void;
  /** Whether pip's progress bar may be drawn on stderr. */
  readonly showProgress: boolean;
}

/** Completes a context with what this process and its environment say. */
export function createNativeContext(given: Partial<NativeContext> = {}): NativeContext {
  const env = given.env ?? process.env;
  return {
    packageDir:
      given.packageDir ?? dirname(require.resolve('@tensorflow/tfjs-node-gpu/package.json')),
    cacheDir: given.cacheDir ?? segprobeCacheDir(env),
    env,
    say: given.say ?? (() => undefined),
    showProgress: given.showProgress ?? false,
  };
}

/** `$SEGPROBE_CACHE`, or `segprobe` in `$XDG_CACHE_HOME`, or in `~/.cache`. */
export function segprobeCacheDir(env: NodeJS.ProcessEnv = process.env): string {
  if (env['SEGPROBE_CACHE']) return resolve(env['SEGPROBE_CACHE']);
  return join(env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'segprobe');
}

/** The part of the cache that holds native TensorFlow. */
export function nativeCacheDir({ cacheDir }: Pick<NativeContext, 'cacheDir'>): string {
  return join(cacheDir, `native-${LAYOUT}`);
}

/** The folder of a variant's libtensorflow: `lib/`, `include/` and, with CUDA, `nvidia/`. */
export function libraryDir(context: Pick<NativeContext, 'cacheDir'>, variant: Variant): string {
  return join(nativeCacheDir(context), libraryName(variant));
}

/** The name of a variant's folder in the cache. */
export function libraryName(variant: Variant): string {
  return `tensorflow-${TENSORFLOW_VERSION}-${variant}-${process.arch}`;
}

/** The compiled binding in the cache; it fits both variants. */
export function cachedBinding(context: Pick<NativeContext, 'cacheDir'>): string {
  const name = `binding-tfjs-${TFJS_NODE_VERSION}-tensorflow-${TENSORFLOW_VERSION}-napi-${NODE_API_VERSION}-${process.arch}`;
  return join(nativeCacheDir(context), name, 'tfjs_binding.node');
}

/** The binding where tfjs-node looks for it. */
export function linkedBinding({ packageDir }: Pick<NativeContext, 'packageDir'>): string {
  return join(packageDir, 'lib', `napi-v${NODE_API_VERSION}`, 'tfjs_binding.node');
}

/** The folder of libraries where the binding looks for them. */
export function linkedLibraries({ packageDir }: Pick<NativeContext, 'packageDir'>): string {
  return join(packageDir, 'deps', 'lib');
}
