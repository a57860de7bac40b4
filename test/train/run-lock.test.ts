import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { isSegprobeError } from '../../src/shared/errors.js';
import { lockRun } from '../../src/train/run-lock.js';
import { mountSmallDisk } from '../support/small-disk.js';
import { withTemporaryFolder } from '../support/temporary-folder.js';

const MODULE = fileURLToPath(new URL('../../src/train/run-lock.ts', import.meta.url));

function withRun(body: (folder: string, save: string) => Promise<void>): Promise<void> {
  return withTemporaryFolder((save) => body(path.join(save, 'ENet'), save));
}

function assertRefused(folder: string): Promise<void> {
  return assert.rejects(
    lockRun(folder),
    (error) => isSegprobeError(error, 'RUN_IN_PROGRESS') && error.message.includes(folder),
  );
}

/** A process that holds the name until it is killed. */
async function startHolder(folder: string): Promise<ChildProcess> {
  const code = `import { lockRun } from ${JSON.stringify(MODULE)};
    await lockRun(${JSON.stringify(folder)});
    process.stdout.write('held');
    setInterval(() => undefined, 1000);`;
  const args = ['--import', 'tsx', '--input-type=module', '-e', code];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  return child;
}

describe('lockRun', function () {
  this.timeout(30_000);

  it('holds a name against others, and frees it without a trace', () =>
    withRun(async (folder, save) => {
      const lock = await lockRun(folder);
      await assertRefused(folder);
      const other = await lockRun(path.join(save, 'other'));
      await lock.assertHeld();
      await lock.release();
      await other.release();
      assert.deepEqual(await readdir(save), []);
      await (await lockRun(folder)).release();
    }));

  it('makes the folder of checkpoints', () =>
    withRun(async (_, save) => {
      const lock = await lockRun(path.join(save, 'new', 'ENet'));
      await lock.release();
    }));

  it('holds a name against other processes, and frees it at once when they are killed', () =>
    withRun(async (folder, save) => {
      const holder = await startHolder(folder);
      try {
        await assertRefused(folder);
        await assertRefused(folder); // To be refused changes nothing.
        const long = new Date(Date.now() - 400_000);
        await utimes(path.join(save, '.ENet.lock'), long, long);
        await assertRefused(folder); // It lives, however long its step takes.
      } finally {
        holder.kill('SIGKILL');
        await once(holder, 'close');
      }
      await (await lockRun(folder)).release();
    }));

  it('waits for the age of a lock whose holder is of another machine', () =>
    withRun(async (folder, save) => {
      const [lock, owner] = ['.ENet.lock', '.ENet.owner'].map((name) => path.join(save, name));
      await mkdir(lock!);
      await writeFile(owner!, JSON.stringify({ pid: 1 << 22, born: '1', machine: 'elsewhere' }));
      await assertRefused(folder);
      const long = new Date(Date.now() - 400_000);
      await utimes(lock!, long, long);
      await (await lockRun(folder)).release();
    }));

  it('takes the lock of an earlier process of the same number', () =>
    withRun(async (folder, save) => {
      const lock = await lockRun(folder);
      const file = path.join(save, '.ENet.owner');
      const owner = JSON.parse(await readFile(file, 'utf8')) as object;
      await lock.release();
      await mkdir(path.join(save, '.ENet.lock'));
      await writeFile(file, JSON.stringify({ ...owner, born: '1' }));
      await (await lockRun(folder)).release();
    }));

  it('refuses a lock that says nothing of its holder', () =>
    withRun(async (folder, save) => {
      await mkdir(path.join(save, '.ENet.lock'));
      await assertRefused(folder);
      await writeFile(path.join(save, '.ENet.owner'), '');
      await assertRefused(folder);
    }));

  it('takes a name again that was lost, unless another training has it', () =>
    withRun(async (folder, save) => {
      const lock = await lockRun(folder, { refreshMs: 1000 });
      const loseIt = async (): Promise<void> => {
        await rm(path.join(save, '.ENet.lock'), { recursive: true });
        await setTimeout(1200); // The next refreshing notices.
      };
      await loseIt();
      await lock.assertHeld();
      await assertRefused(folder);
      await loseIt();
      const other = await lockRun(folder);
      await assert.rejects(lock.assertHeld(), { code: 'RUN_IN_PROGRESS' });
      await lock.release(); // Not the other's.
      await assertRefused(folder);
      assert.ok((await readdir(save)).includes('.ENet.owner'));
      await other.release();
    }));

  it('says that the disk is full', async function () {
    const disk = mountSmallDisk(16);
    if (disk === undefined) {
      process.stdout.write('    skipped: a tmpfs cannot be mounted here\n');
      this.skip();
    }
    try {
      await assert.rejects(writeFile(path.join(disk.folder, 'filler'), Buffer.alloc(1 << 20)));
      await assert.rejects(lockRun(path.join(disk.folder, 'ENet')), { code: 'DISK_FULL' });
      assert.deepEqual(await readdir(disk.folder), ['filler']);
    } finally {
      disk.remove();
    }
  });
});
