import { randomUUID } from 'node:crypto';
import { mkdir, readFile, readlink, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import path from 'node:path';
import { lock } from 'proper-lockfile';
import { z } from 'zod';
import { fromFileError } from '../data/files.js';
import { SegprobeError } from '../shared/errors.js';

/** A name in the folder of checkpoints, held for one training. */
export interface RunLock {
  /**
   * Takes the name again if it was lost, as when the machine slept or the lock was deleted.
   * @throws SegprobeError `RUN_IN_PROGRESS` when another training has it now.
   */
  assertHeld(): Promise<void>;
  release(): Promise<void>;
}

/** A lock not refreshed for so long is free: on another machine nothing else tells that its holder died. */
const STALE_MS = 30_000;

/**
 * Holds `save/NAME` for one training. The lock of a process that died on this machine is free at once, one of another
 * machine after half a minute.
 *
 * @throws SegprobeError `RUN_IN_PROGRESS` while another training holds it, and what the file system refuses.
 */
export async function lockRun(
  folder: string,
  { refreshMs = 5_000 }: { readonly refreshMs?: number } = {},
): Promise<RunLock> {
  const place = placesOf(folder);
  const own: Owner = { pid: process.pid, life: LIFE, machine: await machine() };
  let lost = false;
  const acquire = async (): Promise<() => Promise<void>> => {
    await mkdir(path.dirname(folder), { recursive: true });
    const onCompromised = (): void => void (lost = true);
    const options = {
      lockfilePath: place.lock,
      realpath: false,
      stale: STALE_MS,
      update: refreshMs,
      onCompromised,
    };
    const release = await lock(folder, options).catch(async (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ELOCKED' || !(await clearDead(place, own))) throw error;
      return lock(folder, options);
    });
    try {
      await writeFile(place.owner, JSON.stringify(own));
    } catch (error) {
      await rm(place.owner, { force: true }).catch(() => undefined);
      await release();
      throw error;
    }
    lost = false;
    return release;
  };
  let release = await acquire().catch((error: unknown) => refuse(error, folder));
  return {
    assertHeld: async () => {
      if (!lost) return;
      release = await acquire().catch((error: unknown) => refuse(error, folder));
    },
    release: async () => {
      if (lost) return;
      await rm(place.owner, { force: true }).catch(() => undefined);
      await release().catch(() => undefined);
    },
  };
}

interface Places {
  readonly lock: string;
  readonly owner: string;
}

function placesOf(folder: string): Places {
  const [parent, name] = [path.dirname(folder), path.basename(folder)];
  return { lock: path.join(parent, `.${name}.lock`), owner: path.join(parent, `.${name}.owner`) };
}

/** Tells this process from an earlier one of the same number, as in a container that was started again. */
const LIFE = randomUUID();

const ownerSchema = z.object({
  pid: z.number().int().positive(),
  life: z.string(),
  machine: z.string(),
});

type Owner = z.infer<typeof ownerSchema>;

/**
 * Takes away the lock of a process of this machine that is no more. The file that names the owner is moved aside first: of
 * several that try, one succeeds.
 */
async function clearDead({ lock, owner }: Places, own: Owner): Promise<boolean> {
  const claimed = `${owner}.${process.pid}`;
  try {
    await rename(owner, claimed);
    const holder = ownerSchema.parse(JSON.parse(await readFile(claimed, 'utf8')));
    const isReborn = holder.pid === own.pid && holder.life !== own.life;
    if (holder.machine !== own.machine || (isAlive(holder.pid) && !isReborn)) {
      await rename(claimed, owner);
      return false;
    }
    await rmdir(lock);
    return true;
  } catch {
    return false; // No word of the owner: the lock goes stale by its age.
  } finally {
    await rm(claimed, { force: true }).catch(() => undefined);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

/** Where a process number means the same process: the host, its boot and the container's numbering. */
async function machine(): Promise<string> {
  const read = (what: Promise<string>): Promise<string> => what.catch(() => '');
  const boot = await read(readFile('/proc/sys/kernel/random/boot_id', 'utf8'));
  return [hostname(), boot.trim(), await read(readlink('/proc/self/ns/pid'))].join(' ');
}

function refuse(error: unknown, folder: string): never {
  if ((error as NodeJS.ErrnoException).code !== 'ELOCKED') throw fromFileError(error, folder);
  throw new SegprobeError(
    'RUN_IN_PROGRESS',
    `${folder}: expected no other training of this name, got one that is running; choose another --name, or wait for it`,
    { cause: error },
  );
}
