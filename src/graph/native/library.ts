import { existsSync } from 'node:fs';
import { rename, rm, statfs, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { SegprobeError } from '../../shared/errors.js';
import { libraryDir, libraryName, nativeCacheDir, type NativeContext } from './context.js';
import { createPartial } from './lock.js';
import { WHEELS, type Variant, type Wheel } from './pins.js';
import { requireTools } from './tools.js';
import { installWheel } from './wheel.js';

/**
 * Brings libtensorflow of a variant into the cache, out of its pinned wheels, unless it is there. Call it under the lock.
 *
 * @param wheels - @defaultValue the pinned ones for this processor
 * @returns whether it was there already or had to be fetched.
 * @throws SegprobeError `BACKEND_UNAVAILABLE` when a tool is missing or there is no wheel for this machine, `DISK_FULL`, or
 * `FILE_INVALID` when a wheel is not the pinned one. The cache then is as it was.
 */
export async function ensureLibrary(
  context: NativeContext,
  variant: Variant,
  wheels: readonly Wheel[] = wheelsForThisMachine(variant),
): Promise<'cached' | 'fetched'> {
  const folder = libraryDir(context, variant);
  if (existsSync(folder)) return 'cached';
  const { python3, pip } = await requireTools(['python3', 'pip'], context.env);
  await assertDiskSpace(context, wheels);
  const partial = await createPartial(context, libraryName(variant));
  try {
    for (const wheel of wheels) {
      context.say(`Fetching ${wheel.project} ${wheel.version} (${megabytes(wheel.bytes)}).`);
      await installWheel(context, wheel, partial, { python3, pip });
    }
    // The names by which the binding is linked (-ltensorflow) stand for what the wheel calls libtensorflow_cc.
    await symlink('libtensorflow_cc.so.2', join(partial, 'lib', 'libtensorflow.so'));
    await symlink(
      'libtensorflow_framework.so.2',
      join(partial, 'lib', 'libtensorflow_framework.so'),
    );
    await rename(partial, folder);
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
  return 'fetched';
}

/** The pinned wheels, or why there are none for this machine. */
function wheelsForThisMachine(variant: Variant): readonly Wheel[] {
  const wheels = process.platform === 'linux' ? WHEELS[variant][process.arch] : undefined;
  if (wheels === undefined) {
    const machines = Object.keys(WHEELS[variant]).map((arch) => `linux ${arch}`);
    throw new SegprobeError(
      'BACKEND_UNAVAILABLE',
      `expected ${machines.join(' or ')} for the ${variant} wheel, got ${process.platform} ${process.arch}`,
    );
  }
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
  if (header.glibcVersionRuntime === undefined) {
    throw new SegprobeError(
      'BACKEND_UNAVAILABLE',
      'expected a Linux with glibc (not musl, as in Alpine)',
    );
  }
  return wheels;
}

async function assertDiskSpace(context: NativeContext, wheels: readonly Wheel[]): Promise<void> {
  const kept = wheels.reduce((sum, wheel) => sum + wheel.unpackedBytes, 0);
  const download = wheels.reduce((sum, wheel) => sum + wheel.bytes, 0);
  const needed = kept + Math.max(...wheels.map((wheel) => wheel.bytes)); // one wheel at a time beside what is kept
  const { bavail, bsize } = await statfs(nativeCacheDir(context));
  const free = bavail * bsize;
  if (free < needed) {
    throw new SegprobeError(
      'DISK_FULL',
      `native TensorFlow needs ${megabytes(needed)} in ${context.cacheDir}, got ${megabytes(free)} free; ` +
        'SEGPROBE_CACHE names another folder',
    );
  }
  context.say(
    `Native TensorFlow will be fetched once: ${megabytes(download)} to download, ${megabytes(kept)} on disk ` +
      `in ${context.cacheDir}.`,
  );
}

function megabytes(bytes: number): string {
  return `${Math.ceil(bytes / 1e6).toLocaleString('en')} MB`;
}
