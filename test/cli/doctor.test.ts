import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeExamination } from '../../src/cli/doctor.js';
import { examine, type Examination } from '../../src/graph/native/examine.js';

describe('segprobe doctor', function () {
  this.timeout(60_000);
  it('prints one JSON object, and exits 0 exactly when nothing is missing', () => {
    const { stdout, stderr, status } = spawnSync('node', ['bin/segprobe.js', 'doctor', '--json'], {
      encoding: 'utf8',
    });
    assert.equal(stderr, '');
    assert.match(stdout, /^\{.*\}\n$/);
    const found = JSON.parse(stdout) as Examination & { ok: boolean };
    assert.equal(found.node.version, process.versions.node);
    assert.equal(found.onnxruntime.facts?.backends.includes('cpu'), true);
    assert.equal(found.ok, found.missing.length === 0);
    assert.equal(status, found.ok ? 0 : 1);
  });
});

describe('describeExamination', () => {
  let bare: Examination;

  // A package without a binding, on a machine without tools.
  before(async () => {
    const packageDir = mkdtempSync(join(tmpdir(), 'segprobe-package-'));
    bare = await examine({ packageDir, cacheDir: join(packageDir, 'cache'), env: { PATH: '' } });
    rmSync(packageDir, { recursive: true });
  });

  it('names what is missing and the one command that mends it', () => {
    const text = describeExamination(bare);
    assert.match(text, /✗ TensorFlow {4}not set up/);
    assert.match(text, /✗ pip {11}not found/);
    const [missing, mend] = text.split('\n').slice(-2);
    assert.equal(missing, 'Missing: native TensorFlow.');
    assert.match(
      mend!,
      /^To mend it: (sudo )?apt-get install -y python3 python3-pip g\+\+ make && npm run setup$/,
    );
  });

  it('does without the tools once TensorFlow is set up', () => {
    const facts = { version: '2.21.0', variant: 'cpu', cuda: false, oneDnn: true } as const;
    const set = { ready: true, problem: null, facts };
    const text = describeExamination({ ...bare, tensorflow: set, missing: [], mend: null });
    assert.match(text, /✓ TensorFlow {4}2\.21\.0, CPU build, runs on the CPU, oneDNN on/);
    assert.match(text, /– pip {11}not found/);
    assert.match(text, /\nEverything to serve and to train is here\.$/);
  });

  it('says what WebGPU computes on, and does without', () => {
    const row = (webgpu: Examination['webgpu']) =>
      /. WebGPU .*/.exec(describeExamination({ ...bare, webgpu }))?.[0];
    const facts = { name: 'google swiftshader', isSoftware: true };
    assert.match(row({ ready: true, problem: null, facts })!, /^✓ .*swiftshader, on the CPU/);
    assert.match(row({ ready: false, problem: 'no adapter', facts: null })!, /^– .*no adapter$/);
  });

  it('tells how to use an NVIDIA GPU that lies idle', () => {
    const facts = { version: '2.21.0', variant: 'cpu', cuda: false, oneDnn: true } as const;
    const nvidia = { driver: '550.54', libcuda: '/usr/lib64/libcuda.so.1', gpus: ['H100 (80 GB)'] };
    const set = { ready: true, problem: null, facts };
    const text = describeExamination({ ...bare, tensorflow: set, missing: [], mend: null, nvidia });
    assert.match(text, /✓ NVIDIA {8}H100 \(80 GB\), driver 550\.54, \/usr\/lib64\/libcuda\.so\.1/);
    assert.match(text, /\nTo train on the NVIDIA GPU: npm run setup -- --gpu$/);
  });
});
