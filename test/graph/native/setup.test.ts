import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  cachedBinding,
  createNativeContext,
  libraryDir,
  nativeCacheDir,
} from '../../../src/graph/native/context.js';
import { isNativeTensorFlowReady, readLink } from '../../../src/graph/native/link.js';
import { TENSORFLOW_VERSION } from '../../../src/graph/native/pins.js';
import { ensureNativeTensorFlow } from '../../../src/graph/native/setup.js';
import { messageOf } from '../../../src/shared/errors.js';
import { createSandbox, listFiles, NO_TOOLS, type Sandbox } from './sandbox.js';

const REAL = createNativeContext();
const hasCache = existsSync(cachedBinding(REAL)) && existsSync(libraryDir(REAL, 'cpu'));

describe('ensureNativeTensorFlow', function () {
  this.timeout(60_000);
  let sandbox: Sandbox;
  afterEach(() => sandbox.dispose());

  describe('with a filled cache', () => {
    before(function () {
      if (!hasCache) this.skip();
    });
    beforeEach(() => (sandbox = createSandbox(NO_TOOLS)));

    it('only links after the package was installed anew, without pip or a compiler', async () => {
      const context = { ...sandbox.context, cacheDir: REAL.cacheDir };
      const first = await ensureNativeTensorFlow(context);
      assert.deepEqual(
        { way: first.way, variant: first.variant, tensorflow: first.tensorflow },
        { way: 'cache', variant: 'cpu', tensorflow: TENSORFLOW_VERSION },
      );
      assert.deepEqual(sandbox.lines, []);

      rmSync(join(context.packageDir, 'deps'), { recursive: true });
      rmSync(join(context.packageDir, 'lib'), { recursive: true });
      assert.equal((await ensureNativeTensorFlow(context)).way, 'cache');
      assert.equal((await ensureNativeTensorFlow(context)).way, 'present');
      assert.equal(readLink(context), 'cpu');
    });
  });

  it('says of each way why it failed, and how to mend it', async () => {
    sandbox = createSandbox(NO_TOOLS);
    await assert.rejects(ensureNativeTensorFlow(sandbox.context), (error: Error) => {
      assert.equal((error as { code?: string }).code, 'BACKEND_UNAVAILABLE');
      const lines = messageOf(error).split('\n');
      assert.equal(lines[0], 'native TensorFlow could not be set up:');
      assert.equal(lines[1], '  an already built binding: there is none');
      assert.equal(lines[2], '  libtensorflow out of its wheel: missing python3, pip');
      assert.match(
        lines[3]!,
        /^ {2}tfjs-node's own download: node ended with code 1: .*ECONNREFUSED/,
      );
      assert.match(lines[4]!, /^ {2}To mend it: .*python3-pip g\+\+ make && npm run setup/);
      return true;
    });
    assert.deepEqual(listFiles(nativeCacheDir(sandbox.context)), []);
    assert.equal(isNativeTensorFlowReady(sandbox.context), false);
  });
});

describe('segprobe setup --if-needed', () => {
  it('says nothing when native TensorFlow is set up', function () {
    if (!isNativeTensorFlowReady()) this.skip();
    const output = execFileSync('node', ['bin/segprobe.js', 'setup', '--if-needed'], {
      encoding: 'utf8',
    });
    assert.equal(output, '');
  });
});
