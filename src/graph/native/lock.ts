import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { lock } from 'proper-lockfile';
import { nativeCacheDir, type NativeContext } from './context.js';

/** Folders that are being filled begin so; a finished one is renamed. */
const PARTIAL = '.partial-';

/**
 * Does `work` while no other set-up works on the same cache, waiting for the other if there is one.
 */
export async function withCacheLock<T>(context: NativeContext, work: () => Promise<T>): Promise<T> {
  const folder = nativeCacheDir(context);
  await mkdir(folder, { recursive: true });
  // Every finished folder appears by one rename, so a lock that is lost (the machine slept) does no harm.
  const options = {
    lockfilePath: join(folder, '.lock'),
    stale: 30_000,
    onCompromised: () => undefined,
  };
  const release = await lock(folder, options).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ELOCKED') throw error;
    context.say('Another set-up of native TensorFlow is at work; waiting for it.');
    const hour = { retries: 3600, factor: 1, minTimeout: 1000 };
    return lock(folder, { ...options, retries: hour });
  });
  try {
    await removeLeftovers(folder);
    return await work();
  } finally {
    await release().catch(() => undefined);
  }
}

/** A new folder in the cache to be filled and then renamed. Call it under the lock. */
export async function createPartial(context: NativeContext, name: string): Promise<string> {
  const folder = join(nativeCacheDir(context), `${PARTIAL}${name}-${process.pid}`);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  return folder;
}

/** What a killed set-up left half done. */
async function removeLeftovers(folder: string): Promise<void> {
  const names = (await readdir(folder)).filter((name) => name.startsWith(PARTIAL));
  await Promise.all(names.map((name) => rm(join(folder, name), { recursive: true, force: true })));
}
