import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import { fromFileError } from '../../data/files.js';
import { typescriptWorkerOptions } from '../../data/typescript-worker.js';
import { isSegprobeError, messageOf, SegprobeError } from '../../shared/errors.js';
import type { ClientBuild } from './build-client.js';
import { copyRuntime } from './copy-runtime.js';

/** Where the page's files lie, each with its compressed forms beside it. */
export interface PageFolders {
  /** `index.html` and what it loads. */
  readonly page: string;
  /** ONNX Runtime for browsers. */
  readonly runtime: string;
  /** The version of the latter. */
  readonly runtimeVersion: string;
}

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
/** Builds lie here, each under the digest of what it was made from. */
const BUILDS = path.join(ROOT, 'dist');
/** What the page is made from. */
const SOURCES = [
  'src/client',
  'src/shared',
  'src/data/street',
  'src/serve/page',
  'package-lock.json',
];
/** Another where other files of the runtime are copied. */
const RUNTIME_LAYOUT = 2;
/** Older builds go where a new one comes, unless somebody used them within this. */
const KEPT_MS = 24 * 60 * 60 * 1000;

let prepared: Promise<PageFolders> | undefined;

/**
 * Finds the page as it is built from the sources as they are, and builds it where it is not yet: a few seconds, once.
 * Any number of processes may do so at once.
 *
 * @throws SegprobeError `BACKEND_UNAVAILABLE` where it cannot be built.
 */
export function preparePage(): Promise<PageFolders> {
  prepared ??= prepare().catch((error: unknown) => {
    // The next try builds anew.
    prepared = undefined;
    throw error;
  });
  return prepared;
}

async function prepare(): Promise<PageFolders> {
  const runtimeVersion = installedVersion('onnxruntime-web');
  const digest = await digestOfSources();
  const page = path.join(BUILDS, `page-${digest}`);
  const runtime = path.join(BUILDS, `runtime-${runtimeVersion}-${RUNTIME_LAYOUT}`);
  try {
    await mkdir(BUILDS, { recursive: true });
    await Promise.all([
      buildOnce(page, (folder) => buildAside({ folder, build: digest, runtimeVersion })),
      buildOnce(runtime, copyRuntime),
    ]);
  } catch (cause) {
    if (isSegprobeError(cause)) throw cause;
    throw new SegprobeError(
      'BACKEND_UNAVAILABLE',
      `expected the page to be built in ${BUILDS}, got ${messageOf(cause)}`,
      { cause },
    );
  }
  return { page, runtime, runtimeVersion };
}

/** Builds in a thread of its own: Vite takes 40 MiB, which every garbage collection of the service would go through. */
async function buildAside(task: ClientBuild): Promise<void> {
  const thread = new Piscina<ClientBuild, void>({
    ...typescriptWorkerOptions('./build-client.ts', import.meta.url),
    name: 'buildClient',
    maxThreads: 1,
  });
  try {
    await thread.run(task);
  } finally {
    await thread.destroy();
  }
}

/** Fills a folder beside it and renames that, so that nobody ever sees half a build. */
async function buildOnce(folder: string, fill: (folder: string) => Promise<void>): Promise<void> {
  const now = new Date();
  if (await exists(folder)) {
    await utimes(folder, now, now);
    return;
  }
  const half = await mkdtemp(`${folder}.half-`);
  try {
    await fill(half);
    await rename(half, folder);
  } catch (error) {
    await rm(half, { recursive: true, force: true });
    // Somebody else was faster.
    if (!(await exists(folder))) throw error;
  }
  await removeOldBuilds(folder);
}

async function removeOldBuilds(kept: string): Promise<void> {
  const kind = path.basename(kept).split('-')[0]!;
  for (const name of await readdir(BUILDS)) {
    const folder = path.join(BUILDS, name);
    if (!name.startsWith(`${kind}-`) || folder === kept) continue;
    const { mtimeMs } = await stat(folder);
    if (Date.now() - mtimeMs > KEPT_MS) await rm(folder, { recursive: true, force: true });
  }
}

async function digestOfSources(): Promise<string> {
  const hash = createHash('sha256');
  for (const source of SOURCES) {
    for (const file of await filesUnder(path.join(ROOT, source))) {
      hash.update(`${path.relative(ROOT, file)}\0`).update(await readFile(file));
    }
  }
  return hash.digest('hex').slice(0, 16);
}

async function filesUnder(place: string): Promise<string[]> {
  const found = await stat(place);
  if (!found.isDirectory()) return [place];
  const entries = await readdir(place, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort();
}

function installedVersion(name: string): string {
  const require = createRequire(import.meta.url);
  const entry = require.resolve(name);
  const folder = entry.slice(
    0,
    entry.lastIndexOf(`${path.sep}${name}${path.sep}`) + name.length + 1,
  );
  return (require(path.join(folder, 'package.json')) as { version: string }).version;
}

async function exists(folder: string): Promise<boolean> {
  try {
    await stat(folder);
    return true;
  } catch (error) {
    const refusal = fromFileError(error, folder);
    if (isSegprobeError(refusal, 'FILE_NOT_FOUND')) return false;
    throw refusal;
  }
}
