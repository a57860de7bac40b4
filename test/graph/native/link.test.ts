import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import {
  cachedBinding,
  libraryDir,
  linkedBinding,
  linkedLibraries,
} from '../../../src/graph/native/context.js';
import { isNativeTensorFlowReady, linkNative, readLink } from '../../../src/graph/native/link.js';
import type { Variant } from '../../../src/graph/native/pins.js';
import { createSandbox, listFiles, type Sandbox } from './sandbox.js';

describe('linkNative', () => {
  let sandbox: Sandbox;
  beforeEach(() => (sandbox = createSandbox()));
  afterEach(() => sandbox.dispose());

  /** Fills the cache with files that stand for the real ones. */
  function fillCache(variant: Variant): void {
    const library = join(libraryDir(sandbox.context, variant), 'lib', 'libtensorflow_cc.so.2');
    for (const path of [library, cachedBinding(sandbox.context)]) {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, variant);
    }
  }

  it('makes a package ready', async () => {
    assert.equal(isNativeTensorFlowReady(sandbox.context), false);
    fillCache('cpu');
    await linkNative(sandbox.context, 'cpu');
    assert.equal(isNativeTensorFlowReady(sandbox.context), true);
    assert.deepEqual(listFiles(join(sandbox.context.packageDir, 'lib')), [
      'napi-v8/tfjs_binding.node',
    ]);
    assert.deepEqual(listFiles(join(sandbox.context.packageDir, 'deps')), ['lib']);
  });

  it('links the variant that was set up last', async () => {
    fillCache('cpu');
    fillCache('gpu');
    for (const variant of ['cpu', 'gpu', 'cpu'] as const) {
      await linkNative(sandbox.context, variant);
      assert.equal(readLink(sandbox.context), variant);
      const library = join(linkedLibraries(sandbox.context), 'libtensorflow_cc.so.2');
      assert.equal(readFileSync(library, 'utf8'), variant);
    }
  });

  it("puts somebody's own libtensorflow aside", async () => {
    const own = linkedLibraries(sandbox.context);
    mkdirSync(own, { recursive: true });
    writeFileSync(join(own, 'libtensorflow.so.2'), 'own');
    fillCache('cpu');
    await linkNative(sandbox.context, 'cpu');
    const [aside] = listFiles(dirname(own)).filter((name) => name.includes('replaced'));
    assert.equal(readFileSync(join(dirname(own), aside!), 'utf8'), 'own');
    assert.equal(readLink(sandbox.context), 'cpu');
  });

  describe('readLink', () => {
    beforeEach(async () => {
      fillCache('cpu');
      await linkNative(sandbox.context, 'cpu');
    });

    it('finds nothing when the binding is gone', () => {
      rmSync(linkedBinding(sandbox.context));
      assert.equal(readLink(sandbox.context), undefined);
    });

    it('finds nothing when the cache is gone', () => {
      rmSync(sandbox.context.cacheDir, { recursive: true });
      assert.equal(readLink(sandbox.context), undefined);
    });

    it('does not take another release of TensorFlow for the pinned one', () => {
      const folder = libraryDir(sandbox.context, 'cpu');
      const older = folder.replace('-2.21.0-', '-2.20.0-');
      renameSync(folder, older);
      rmSync(linkedLibraries(sandbox.context));
      symlinkSync(join(older, 'lib'), linkedLibraries(sandbox.context));
      assert.equal(readLink(sandbox.context), undefined);
    });

    it('knows a libtensorflow that is not ours', () => {
      const libraries = linkedLibraries(sandbox.context);
      rmSync(libraries);
      mkdirSync(libraries);
      writeFileSync(join(libraries, 'libtensorflow.so.2'), '');
      assert.equal(readLink(sandbox.context), 'other');
    });
  });
});
