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

/** A lock not refreshed for so long is free where nothing tells whether its holder lives. A step may block for minutes. */
const STALE_MS = 300_000;

/**
 * Holds `save/NAME` for one training. The lock of a process that died on this machine is free at once, one of another
 * machine after five minutes.
 *
 * @param options.refreshMs - how often the lock is made young again, and its loss noticed.
 * @throws SegprobeError `RUN_IN_PROGRESS` while another training holds it, and what the file system refuses.
 */
export async function lockRun(
  folder: string,
  { refreshMs = 5_000 }: { readonly refreshMs?: number } = {},
): Promise<RunLock> {
  const place = placesOf(folder);
  const own: Owner = {
    pid: process.pid,
    born: (await birthOf(process.pid)) ?? null,
    machine: await machine(),
  };
  let lost = false;
  const acquire = async (): Promise<() => Promise<void>> => {
    try {
      await mkdir(path.dirname(folder), { recursive: true });
      if (await clearDead(place, own)) throw inProgress(folder);
      const release = await lock(folder, {
        lockfilePath: place.lock,
        realpath: false,
        stale: STALE_MS,
        update: refreshMs,
        onCompromised: () => void (lost = true),
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
    } catch (error) {
      const isHeld = (error as NodeJS.ErrnoException).code === 'ELOCKED';
      throw isHeld ? inProgress(folder, error) : fromFileError(error, folder);
    }
  };
  let release = await acquire();
  return {
    assertHeld: async () => {
      if (lost) release = await acquire();
    },
    release: async () => {
      if (lost) return;
      await rm(place.owner, { force: true }).catch(() => undefined);
      await release().catch(() => undefined);
    },
  };
}

function inProgress(folder: string, cause?: unknown): SegprobeError {
  return new SegprobeError(
    'RUN_IN_PROGRESS',
    `${folder}: expected no other training of this name, got one that is running; choose another --name, or wait for it`,
    { cause },
  );
}

interface Places {
  readonly lock: string;
  readonly owner: string;
}

function placesOf(folder: string): Places {
  const [parent, name] = [path.dirname(folder), path.basename(folder)];
  return { lock: path.join(parent, `.${name}.lock`), owner: path.join(parent, `.${name}.owner`) };
}

const ownerSchema = z.object({
  pid: z.number().int().positive(),
  /** When the process began, to tell it from a later one of the same number; null where the system does not say. */
  born: z.string().nullable(),
  machine: z.string(),
});

type Owner = z.infer<typeof ownerSchema>;

/**
 * Takes away the lock of a process of this machine that is no more. The file that names the owner is moved aside first: of
 * several that try, one succeeds.
 *
 * @returns whether another process of this machine holds the name and lives; where that is not known, the lock's age decides.
 */
async function clearDead(place: Places, own: Owner): Promise<boolean> {
  const isLiving = await livesStill(place.owner, own);
  if (isLiving !== false) return isLiving === true;
  const claimed = `${place.owner}.${process.pid}`;
  try {
    await rename(place.owner, claimed);
    // Another may have done the same, and be the owner by now.
    if ((await livesStill(claimed, own)) === false) await rmdir(place.lock);
    else await rename(claimed, place.owner);
  } catch {
    // Another was faster: its lock is met next.
  } finally {
    await rm(claimed, { force: true }).catch(() => undefined);
  }
  return false;
}

/** Tells whether a lock's holder lives; undefined if nothing tells, or if it is this process. */
async function livesStill(file: string, own: Owner): Promise<boolean | undefined> {
  const text = await readFile(file, 'utf8').catch(() => '');
  const { data: holder } = ownerSchema.safeParse(parseJson(text));
  if (holder === undefined || holder.machine !== own.machine) return undefined;
  if (holder.pid === own.pid && holder.born === own.born) return undefined;
  const born = await birthOf(holder.pid);
  if (born === undefined) return false;
  return born === null ? undefined : born === holder.born;
}

/** When a process began; null where the system does not say, undefined if there is no such process. */
async function birthOf(pid: number): Promise<string | null | undefined> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return undefined;
  }
  // Fields from the third on, after the parenthesis that ends the second: the state and, as field 22, the start (proc_pid_stat(5)).
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields?.[0] === 'Z' ? undefined : (fields?.[19] ?? null);
}

/** Where a process number means the same process: the host, its boot and the container's numbering. */
async function machine(): Promise<string> {
  const read = (what: Promise<string>): Promise<string> => what.catch(() => '');
  const boot = await read(readFile('/proc/sys/kernel/random/boot_id', 'utf8'));
  return [hostname(), boot.trim(), await read(readlink('/proc/self/ns/pid'))].join(' ');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
