import { existsSync } from 'node:fs';
import { cp, mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cachedBinding, libraryDir, type NativeContext } from './context.js';
import { createPartial } from './lock.js';
import { NODE_API_VERSION, type Variant } from './pins.js';
import { run } from './run.js';
import { requireTools } from './tools.js';

const require = createRequire(import.meta.url);

/**
 * What node-gyp wants to know of a Node to compile for. The binding uses Node-API alone, whose headers come from npm, so nothing
 * is downloaded, and whichever Node (and compiler) this one was built with has no say.
 */
const COMMON_GYPI = `{
  'variables': { 'node_engine%': 'v8', 'standalone_static_library%': 0 },
  'target_defaults': {
    'default_configuration': 'Release',
    'configurations': { 'Release': { 'cflags': ['-O3'] }, 'Debug': {} },
    'cflags': ['-pthread', '-fno-omit-frame-pointer'],
    'cflags_cc': ['-std=gnu++17'],
    'ldflags': ['-pthread']
  }
}
`;

/**
 * Compiles tfjs-node's binding against the cached libtensorflow of a variant, unless the cache has it. Call it under the lock.
 *
 * @returns whether it was there already or had to be compiled.
 * @throws SegprobeError `BACKEND_UNAVAILABLE` when a tool is missing; Error with the compiler's last lines.
 */
export async function ensureBinding(
  context: NativeContext,
  variant: Variant,
): Promise<'cached' | 'compiled'> {
  const target = cachedBinding(context);
  if (existsSync(target)) return 'cached';
  const { python3 } = await requireTools(['python3', 'g++', 'make'], context.env);
  context.say('Compiling the binding with node-gyp (about ten seconds).');
  const partial = await createPartial(context, 'binding');
  try {
    await prepareSources(context, libraryDir(context, variant), partial);
    await run(
      [
        process.execPath,
        require.resolve('node-gyp/bin/node-gyp.js'),
        'rebuild',
        `--nodedir=${join(partial, 'node')}`,
        `--python=${python3.command[0]}`,
        '--module_name=tfjs_binding',
        '--module_path=./lib/napi-v8',
        `--napi_build_version=${NODE_API_VERSION}`,
      ],
      { env: context.env, cwd: partial },
    );
    await mkdir(dirname(target), { recursive: true });
    await rename(join(partial, 'build', 'Release', 'tfjs_binding.node'), target);
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
  return 'compiled';
}

/** Lays out a copy of the package's sources as binding.gyp expects them, with Node's headers beside. */
async function prepareSources(
  context: NativeContext,
  library: string,
  folder: string,
): Promise<void> {
  await cp(join(context.packageDir, 'binding'), join(folder, 'binding'), { recursive: true });
  await cp(
    fileURLToPath(new URL('quiet.cc', import.meta.url)),
    join(folder, 'binding', 'quiet.cc'),
  );
  const gyp = await readFile(join(context.packageDir, 'binding.gyp'), 'utf8');
  const lastSource = "'binding/tfjs_binding.cc'";
  await writeFile(
    join(folder, 'binding.gyp'),
    gyp.replace(lastSource, `${lastSource}, 'binding/quiet.cc'`),
  );
  await mkdir(join(folder, 'deps'));
  await symlink(join(library, 'lib'), join(folder, 'deps', 'lib'));
  await symlink(join(library, 'include'), join(folder, 'deps', 'include'));

  const headers = join(folder, 'node', 'include', 'node');
  const { include_dir } = require('node-api-headers') as { include_dir: string };
  await cp(include_dir, headers, { recursive: true });
  await writeFile(join(headers, 'common.gypi'), COMMON_GYPI);
  await writeFile(join(headers, 'config.gypi'), JSON.stringify({ variables: {} }));
}
