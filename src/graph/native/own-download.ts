import { lstat, rm } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { linkedLibraries, type NativeContext } from './context.js';
import type { Variant } from './pins.js';
import { run } from './run.js';

/**
 * Lets `@tensorflow/tfjs-node-gpu`'s own install script fetch its older libtensorflow (2.9) and binding from Google's storage:
 * the last resort, since that storage is often closed or empty (tensorflow/tfjs#8742) and its CUDA 11.2 build fits few machines.
 */
export async function runOwnDownload(context: NativeContext, variant: Variant): Promise<void> {
  context.say("Trying tfjs-node's own download (about 500 MB on disk).");
  const libraries = linkedLibraries(context);
  // The script empties deps/, and must not reach through our link into the cache.
  const isLink = await lstat(libraries).then(
    (entry) => entry.isSymbolicLink(),
    () => false,
  );
  if (isLink) await rm(libraries);
  const commands = join(context.packageDir, '..', '..', '.bin');
  await run([process.execPath, join('scripts', 'install.js'), variant, 'download'], {
    cwd: context.packageDir,
    env: { ...context.env, PATH: `${commands}${delimiter}${context.env['PATH'] ?? ''}` },
    timeoutMs: 15 * 60_000,
  });
}
