import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { findTools, type Tool } from '../../../src/graph/native/tools.js';
import { installWheel } from '../../../src/graph/native/wheel.js';
import { isSegprobeError } from '../../../src/shared/errors.js';
import { createSandbox, createWheel, listFiles, type Sandbox, withQuickPip } from './sandbox.js';

describe('installWheel', function () {
  this.timeout(60_000); // pip is slow to start on a busy machine
  let sandbox: Sandbox;
  let target: string;
  let tools: { python3: Tool; pip: Tool };

  before(async function () {
    const { python3, pip } = await findTools(process.env);
    if (python3 === undefined || pip === undefined) this.skip();
    tools = { python3, pip };
  });
  beforeEach(() => {
    sandbox = createSandbox();
    target = join(sandbox.root, 'target');
    mkdirSync(target);
  });
  afterEach(() => sandbox.dispose());

  const files = {
    'tensorflow/a.so': 'library',
    'tensorflow/include/x/y.h': 'header',
    'tensorflow/bin/tool': '#!/bin/sh',
    'tensorflow/unwanted.py': 'pass',
  };

  it('unpacks what is wanted, keeps the execute bit, and removes the wheel', async () => {
    const wheel = createWheel(sandbox, files, {
      'tensorflow/a.so': 'lib/a.so',
      'tensorflow/include/': 'include/',
      'tensorflow/bin/tool': 'tool',
    });
    await installWheel(sandbox.context, wheel, target, tools);
    assert.deepEqual(listFiles(target), ['include/x/y.h', 'lib/a.so', 'tool']);
    assert.equal(readFileSync(join(target, 'lib/a.so'), 'utf8'), 'library');
    assert.equal(statSync(join(target, 'tool')).mode & 0o111, 0o111);
    assert.equal(statSync(join(target, 'lib/a.so')).mode & 0o111, 0);
  });

  it('refuses a wheel with another sha256 and unpacks nothing of it', async () => {
    const wheel = createWheel(sandbox, files, { 'tensorflow/a.so': 'a.so' });
    const pinned = { ...wheel, sha256: '0'.repeat(64) };
    await assert.rejects(
      installWheel(withQuickPip(sandbox), pinned, target, tools),
      (error: Error) =>
        isSegprobeError(error, 'FILE_INVALID') &&
        error.message.includes(`sha256 ${pinned.sha256}, got ${wheel.sha256}`),
    );
    assert.deepEqual(listFiles(target), []);
  });

  it('says which file a wheel lacks', async () => {
    const wheel = createWheel(sandbox, files, { 'tensorflow/b.so': 'b.so' });
    await assert.rejects(
      installWheel(withQuickPip(sandbox), wheel, target, tools),
      /the wheel lacks tensorflow\/b\.so/,
    );
  });

  it("fails with pip's own words when there is no such wheel", async () => {
    const wheel = createWheel(sandbox, files, {});
    await assert.rejects(
      installWheel(sandbox.context, { ...wheel, version: '9.9.9' }, target, tools),
      /No matching distribution found for tensorflow-cpu==9\.9\.9/,
    );
    assert.deepEqual(listFiles(target), []);
  });
});
