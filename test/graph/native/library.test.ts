import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  libraryDir,
  libraryName,
  nativeCacheDir,
  type NativeContext,
} from '../../../src/graph/native/context.js';
import { ensureLibrary } from '../../../src/graph/native/library.js';
import { withCacheLock } from '../../../src/graph/native/lock.js';
import { findTools } from '../../../src/graph/native/tools.js';
import { isSegprobeError } from '../../../src/shared/errors.js';
import {
  createLibraryWheel,
  createSandbox,
  listFiles,
  NO_TOOLS,
  type Sandbox,
  withQuickPip,
} from './sandbox.js';

describe('ensureLibrary', () => {
  let sandbox: Sandbox;
  let context: NativeContext;

  before(async function () {
    if ((await findTools(process.env)).python3 === undefined) this.skip();
  });
  beforeEach(() => {
    sandbox = createSandbox();
    context = withQuickPip(sandbox);
    mkdirSync(nativeCacheDir(context), { recursive: true });
  });
  afterEach(() => sandbox.dispose());

  it('lays out the libraries, by their own names and those that the binding is linked by, and the headers', async () => {
    assert.equal(await ensureLibrary(context, 'cpu', [createLibraryWheel(sandbox)]), 'fetched');
    assert.deepEqual(listFiles(nativeCacheDir(context)), [
      `${libraryName('cpu')}/include/tensorflow/c/c_api.h`,
      `${libraryName('cpu')}/lib/libtensorflow.so`,
      `${libraryName('cpu')}/lib/libtensorflow_cc.so.2`,
      `${libraryName('cpu')}/lib/libtensorflow_framework.so`,
      `${libraryName('cpu')}/lib/libtensorflow_framework.so.2`,
    ]);
    const linked = join(libraryDir(context, 'cpu'), 'lib', 'libtensorflow.so');
    assert.equal(readFileSync(linked, 'utf8'), 'cc');
  });

  it('says what it will fetch before it does', async () => {
    const wheel = createLibraryWheel(sandbox);
    await ensureLibrary(context, 'cpu', [wheel]);
    assert.match(
      sandbox.lines[0]!,
      /^Native TensorFlow will be fetched once: 1 MB to download, 1 MB on disk in /,
    );
    assert.equal(sandbox.lines[1], 'Fetching tensorflow-cpu 2.21.0 (1 MB).');
  });

  it('is content with what the cache has, and then needs no tools', async () => {
    const wheels = [createLibraryWheel(sandbox)];
    await ensureLibrary(context, 'cpu', wheels);
    const bare = { ...context, env: NO_TOOLS };
    assert.equal(await ensureLibrary(bare, 'cpu', wheels), 'cached');
  });

  it('keeps the two variants side by side', async () => {
    const wheels = [createLibraryWheel(sandbox)];
    assert.equal(await ensureLibrary(context, 'cpu', wheels), 'fetched');
    assert.equal(await ensureLibrary(context, 'gpu', wheels), 'fetched');
    assert.equal(await ensureLibrary(context, 'cpu', wheels), 'cached');
  });

  it('leaves the cache as it was when a wheel is not the pinned one', async () => {
    const wheel = { ...createLibraryWheel(sandbox), sha256: 'f'.repeat(64) };
    await assert.rejects(ensureLibrary(context, 'cpu', [wheel]), { code: 'FILE_INVALID' });
    assert.deepEqual(listFiles(context.cacheDir), []);
  });

  it('names the tools that are missing', async () => {
    await assert.rejects(ensureLibrary({ ...context, env: NO_TOOLS }, 'cpu', []), {
      code: 'BACKEND_UNAVAILABLE',
      message: 'missing python3, pip',
    });
  });

  it('refuses before downloading when the disk is too small', async () => {
    const wheel = { ...createLibraryWheel(sandbox), unpackedBytes: 1e18 };
    await assert.rejects(
      ensureLibrary(context, 'cpu', [wheel]),
      (error: Error) =>
        isSegprobeError(error, 'DISK_FULL') &&
        /needs 1,000,000,000,\d+ MB .* free/.test(error.message),
    );
    assert.deepEqual(sandbox.lines, []);
  });

  it('fetches once when two set-ups start together', async () => {
    const wheels = [createLibraryWheel(sandbox)];
    const setUp = () => withCacheLock(context, () => ensureLibrary(context, 'cpu', wheels));
    assert.deepEqual((await Promise.all([setUp(), setUp()])).sort(), ['cached', 'fetched']);
    assert(
      sandbox.lines.includes('Another set-up of native TensorFlow is at work; waiting for it.'),
    );
  });
});

describe('withCacheLock', () => {
  it('removes what a killed set-up left half done', async () => {
    const sandbox = createSandbox();
    const folder = nativeCacheDir(sandbox.context);
    mkdirSync(join(folder, '.partial-binding-1'), { recursive: true });
    writeFileSync(join(folder, '.partial-binding-1', 'half'), '');
    await withCacheLock(sandbox.context, () => Promise.resolve());
    assert.deepEqual(listFiles(folder), []);
    sandbox.dispose();
  });
});
