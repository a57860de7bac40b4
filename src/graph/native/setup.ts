import { rm } from 'node:fs/promises';
import { isSegprobeError, messageOf, SegprobeError } from '../../shared/errors.js';
import { ensureBinding } from './binding.js';
import { cachedBinding, createNativeContext, type NativeContext } from './context.js';
import { ensureLibrary } from './library.js';
import { linkNative, readLink, type Linked } from './link.js';
import { withCacheLock } from './lock.js';
import { runOwnDownload } from './own-download.js';
import type { Variant } from './pins.js';
import { probeBinding, type NativeFacts } from './probe.js';
import { findTools, mendCommand } from './tools.js';

export interface SetupOptions extends Partial<NativeContext> {
  /** Which libtensorflow. @defaultValue whatever is linked; where nothing is, `cpu` */
  readonly variant?: Variant;
}

/** By which way native TensorFlow came. */
export type SetupWay = 'present' | 'cache' | 'wheel' | 'download';

export interface SetupResult extends NativeFacts {
  readonly way: SetupWay;
  readonly variant: Linked;
  readonly seconds: number;
}

type Attempt = () => Promise<Pick<SetupResult, 'way'> & NativeFacts>;

/**
 * Sets up native TensorFlow by the first way that works: a binding that is there already; libtensorflow out of its pinned wheel
 * with the binding compiled against it, both kept in the cache; tfjs-node's own download.
 *
 * @returns how it came, and what it is. Loading it is {@link loadNativeTensorFlow}'s part.
 * @throws SegprobeError `BACKEND_UNAVAILABLE` with each way tried, why it failed, and the command that mends it; `DISK_FULL`.
 */
export async function ensureNativeTensorFlow(options: SetupOptions = {}): Promise<SetupResult> {
  const start = performance.now();
  const context = createNativeContext(options);
  const wanted = options.variant ?? 'cpu';
  const ways: readonly (readonly [name: string, attempt: Attempt])[] = [
    ['an already built binding', () => usePresent(context, options.variant)],
    [
      'libtensorflow out of its wheel',
      () => withCacheLock(context, () => installFromWheel(context, wanted)),
    ],
    [
      "tfjs-node's own download",
      () => withCacheLock(context, () => installOwnDownload(context, wanted)),
    ],
  ];
  const failures: string[] = [];
  for (const [name, attempt] of ways) {
    try {
      const found = await attempt();
      const seconds = Math.round(performance.now() - start) / 1000;
      return { ...found, variant: readLink(context) ?? 'other', seconds };
    } catch (error) {
      if (isSegprobeError(error, 'DISK_FULL')) throw error;
      failures.push(`  ${name}: ${messageOf(error)}`);
    }
  }
  const mend = mendCommand(await findTools(context.env), context.env);
  throw new SegprobeError(
    'BACKEND_UNAVAILABLE',
    `native TensorFlow could not be set up:\n${failures.join('\n')}\n  To mend it: ${mend} (with a way out to PyPI, or the wheels in a ` +
      'folder that PIP_FIND_LINKS names)',
  );
}

const usePresent = async (
  context: NativeContext,
  wanted: Variant | undefined,
): ReturnType<Attempt> => {
  const linked = readLink(context);
  if (linked === undefined) throw new Error('there is none');
  if (wanted !== undefined && linked !== 'other' && linked !== wanted) {
    throw new Error(`it is the ${linked} build`);
  }
  const facts = await probeBinding(context);
  if (wanted === 'gpu' && linked === 'other' && !facts.cuda) throw new Error('it sees no GPU');
  return { way: 'present', ...facts };
};

const installFromWheel = async (context: NativeContext, variant: Variant): ReturnType<Attempt> => {
  const library = await ensureLibrary(context, variant);
  const binding = await ensureBinding(context, variant);
  await linkNative(context, variant);
  const way = library === 'cached' && binding === 'cached' ? 'cache' : 'wheel';
  try {
    return { way, ...(await probeBinding(context)) };
  } catch (error) {
    if (binding === 'compiled') throw error;
    // A binding from the cache may have been compiled on another system that shares this home.
    await rm(cachedBinding(context));
    await ensureBinding(context, variant);
    await linkNative(context, variant);
    return { way, ...(await probeBinding(context)) };
  }
};

const installOwnDownload = async (
  context: NativeContext,
  variant: Variant,
): ReturnType<Attempt> => {
  await runOwnDownload(context, variant);
  return { way: 'download', ...(await probeBinding(context)) };
};
