import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createNativeContext, type NativeContext } from '../../../src/graph/native/context.js';
import type { Wheel } from '../../../src/graph/native/pins.js';

/** A set-up that touches nothing of the real one: its own cache, its own copy of tfjs-node's package, no network. */
export interface Sandbox {
  readonly root: string;
  readonly context: NativeContext;
  /** What set-up said. */
  readonly lines: string[];
  readonly dispose: () => void;
}

/** No program at all can be found. */
export const NO_TOOLS = { PATH: '' };

/** Creates a sandbox; `env` is laid over the environment of the test. */
export function createSandbox(env: NodeJS.ProcessEnv = {}): Sandbox {
  const root = mkdtempSync(join(tmpdir(), 'segprobe-native-'));
  const wheels = join(root, 'wheels');
  mkdirSync(wheels);
  const real = createNativeContext();
  const packageDir = join(root, 'package');
  for (const part of ['binding', 'binding.gyp', 'scripts', 'package.json']) {
    cpSync(join(real.packageDir, part), join(packageDir, part), { recursive: true });
  }
  // What the package's own script requires.
  symlinkSync(dirname(dirname(real.packageDir)), join(root, 'node_modules'));
  const lines: string[] = [];
  const context = createNativeContext({
    packageDir,
    cacheDir: join(root, 'cache'),
    env: {
      ...process.env,
      PIP_CONFIG_FILE: '/dev/null',
      PIP_NO_INDEX: '1',
      PIP_FIND_LINKS: wheels,
      TFJS_NODE_CDN_STORAGE: 'https://127.0.0.1:9/',
      ...env,
    },
    say: (line) => lines.push(line),
  });
  return { root, context, lines, dispose: () => rmSync(root, { recursive: true, force: true }) };
}

/**
 * The sandbox with a Python whose pip only copies the sandbox's wheels: what is tested around pip need not wait for it.
 */
export function withQuickPip({ root, context }: Sandbox): NativeContext {
  const bin = join(root, 'bin');
  mkdirSync(bin);
  const find = ['-c', 'import sys; print(sys.executable)'];
  const python = execFileSync('python3', find, { encoding: 'utf8' }).trim();
  const script = `#!/bin/sh
[ "$1 $2" = "-m pip" ] || exec '${python}' "$@"
[ "$3" = --version ] && { echo pip 24.0; exit; }
while [ "$1" != --dest ]; do shift; done
cp '${root}'/wheels/* "$2"
`;
  writeFileSync(join(bin, 'python3'), script, { mode: 0o755 });
  return { ...context, env: { ...context.env, PATH: `${bin}:${context.env['PATH']}` } };
}

// Python writes the zip: set-up needs it anyway.
const ZIP = `
import os, sys, zipfile
with zipfile.ZipFile(sys.argv[1], 'w') as archive:
    for folder, _, names in os.walk(sys.argv[2]):
        for name in names:
            path = os.path.join(folder, name)
            archive.write(path, os.path.relpath(path, sys.argv[2]))
`;

/** Puts a small wheel where the sandbox's pip finds it, and returns its pin. */
export function createWheel(
  { root }: Sandbox,
  files: Readonly<Record<string, string>>,
  members: Wheel['members'],
): Wheel {
  const content = join(root, 'content');
  const info = 'tensorflow_cpu-2.21.0.dist-info';
  const all = {
    [`${info}/METADATA`]: 'Metadata-Version: 2.1\nName: tensorflow-cpu\nVersion: 2.21.0\n',
    [`${info}/WHEEL`]: 'Wheel-Version: 1.0\nTag: cp311-cp311-manylinux_2_27_x86_64\n',
    [`${info}/RECORD`]: '',
    ...files,
  };
  for (const [name, text] of Object.entries(all)) {
    mkdirSync(dirname(join(content, name)), { recursive: true });
    writeFileSync(join(content, name), text);
    if (name.includes('/bin/')) chmodSync(join(content, name), 0o755);
  }
  const path = join(root, 'wheels', 'tensorflow_cpu-2.21.0-cp311-cp311-manylinux_2_27_x86_64.whl');
  execFileSync('python3', ['-c', ZIP, path, content]);
  const bytes = readFileSync(path);
  return {
    project: 'tensorflow-cpu',
    version: '2.21.0',
    platform: 'manylinux_2_27_x86_64',
    sha256: createHash('sha256').update(bytes).digest('hex'),
    bytes: bytes.length,
    unpackedBytes: bytes.length,
    members,
  };
}

/** The least that a libtensorflow wheel holds. */
export function createLibraryWheel(sandbox: Sandbox): Wheel {
  return createWheel(
    sandbox,
    {
      'tensorflow/libtensorflow_cc.so.2': 'cc',
      'tensorflow/libtensorflow_framework.so.2': 'framework',
      'tensorflow/include/tensorflow/c/c_api.h': '// the C API',
      'tensorflow/python/unwanted.py': 'pass',
    },
    {
      'tensorflow/libtensorflow_cc.so.2': 'lib/libtensorflow_cc.so.2',
      'tensorflow/libtensorflow_framework.so.2': 'lib/libtensorflow_framework.so.2',
      'tensorflow/include/tensorflow/c/': 'include/tensorflow/c/',
    },
  );
}

/** Every file and link below a folder, by its path in it, sorted. */
export function listFiles(folder: string): string[] {
  const text = execFileSync('find', ['.', '!', '-type', 'd'], { cwd: folder, encoding: 'utf8' });
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.slice(2))
    .sort();
}
