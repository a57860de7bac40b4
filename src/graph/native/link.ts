import { existsSync, lstatSync, readlinkSync } from 'node:fs';
import { copyFile, mkdir, rename, rm, symlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import {
  cachedBinding,
  createNativeContext,
  libraryDir,
  libraryName,
  linkedBinding,
  linkedLibraries,
  type NativeContext,
} from './context.js';
import type { Variant } from './pins.js';

type PackagePlace = Pick<NativeContext, 'packageDir'>;

/** What tfjs-node's package is linked to: a variant of ours, or somebody else's libtensorflow. */
export type Linked = Variant | 'other';

/**
 * Looks at the files of native TensorFlow, without loading it.
 *
 * @returns what is linked; undefined when something is missing or belongs to another release.
 */
export function readLink(place: PackagePlace = createNativeContext()): Linked | undefined {
  const libraries = linkedLibraries(place);
  const names = ['libtensorflow_cc.so.2', 'libtensorflow.so.2', 'libtensorflow.2.dylib'];
  const hasLibrary = names.some((name) => existsSync(join(libraries, name)));
  if (!existsSync(linkedBinding(place)) || !hasLibrary) return undefined;
  if (!lstatSync(libraries).isSymbolicLink()) return 'other';
  const folder = basename(dirname(readlinkSync(libraries)));
  if (folder === libraryName('cpu')) return 'cpu';
  if (folder === libraryName('gpu')) return 'gpu';
  return folder.startsWith('tensorflow-') ? undefined : 'other';
}

/** Tells, by a look at a few files, whether native TensorFlow is set up. */
export function isNativeTensorFlowReady(place?: PackagePlace): boolean {
  return readLink(place) !== undefined;
}

/** Puts the cached binding and libtensorflow of a variant where tfjs-node looks for them. */
export async function linkNative(context: NativeContext, variant: Variant): Promise<void> {
  const libraries = linkedLibraries(context);
  await mkdir(dirname(libraries), { recursive: true });
  if (existsSync(libraries) && !lstatSync(libraries).isSymbolicLink()) {
    // Somebody's own libtensorflow is theirs; it is put aside, not removed.
    await rename(libraries, `${libraries}.replaced-${Date.now()}`);
  }
  const newLink = `${libraries}.${process.pid}`;
  await rm(newLink, { force: true });
  await symlink(join(libraryDir(context, variant), 'lib'), newLink);
  await rename(newLink, libraries);

  // A copy, since Node follows links before loading and the binding looks for libtensorflow beside itself.
  const binding = linkedBinding(context);
  await mkdir(dirname(binding), { recursive: true });
  const newBinding = `${binding}.${process.pid}`;
  await copyFile(cachedBinding(context), newBinding);
  await rename(newBinding, binding);
}
