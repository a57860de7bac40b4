import { randomBytes } from 'node:crypto';
import { open, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { SegprobeError, type ErrorCode } from '../shared/errors.js';

/** What each of the system's refusals means to the user, and whether it is the file or the disk. */
const SYSTEM_ERRORS: Readonly<Record<string, { code: ErrorCode; found: string }>> = {
  ENOENT: { code: 'FILE_NOT_FOUND', found: 'nothing of that name' },
  ENOSPC: { code: 'DISK_FULL', found: 'none left on the device' },
  EDQUOT: { code: 'DISK_FULL', found: 'the quota used up' },
  EACCES: { code: 'FILE_INVALID', found: 'no permission' },
  EPERM: { code: 'FILE_INVALID', found: 'no permission' },
  EROFS: { code: 'FILE_INVALID', found: 'a read-only file system' },
  EISDIR: { code: 'FILE_INVALID', found: 'a folder' },
  ENOTDIR: { code: 'FILE_INVALID', found: 'a file in the place of a folder' },
  ENOTEMPTY: { code: 'FILE_INVALID', found: 'a folder that is not empty' },
  EEXIST: { code: 'FILE_INVALID', found: 'something of that name already' },
  ENAMETOOLONG: { code: 'FILE_INVALID', found: 'a name too long for the file system' },
  ERR_FS_FILE_TOO_LARGE: { code: 'FILE_INVALID', found: 'more than 2 GiB' },
  ELOOP: { code: 'FILE_INVALID', found: 'links that lead in a circle' },
};

const EXPECTED = {
  FILE_NOT_FOUND: 'a file or folder',
  DISK_FULL: 'room to write',
  FILE_INVALID: 'a file or folder to read or write',
} as const satisfies Partial<Record<ErrorCode, string>>;

/**
 * Turns what node:fs throws into an error that names the file and what is wrong with it.
 *
 * @param error - anything thrown; a {@link SegprobeError}, and what no file system throws, stays as it is.
 * @param filePath - the file or folder as the user knows it.
 * @returns `FILE_NOT_FOUND` for a missing file, `DISK_FULL` where there is no room, `FILE_INVALID` for the rest, with
 *   the original as `cause`.
 */
export function fromFileError(error: unknown, filePath: string): Error {
  if (!(error instanceof Error)) return new Error(String(error));
  const { code: systemCode, errno } = error as NodeJS.ErrnoException;
  const known = SYSTEM_ERRORS[systemCode ?? ''];
  if (error instanceof SegprobeError || (known === undefined && errno === undefined)) return error;
  const code = (known?.code ?? 'FILE_INVALID') as keyof typeof EXPECTED;
  const found = known?.found ?? error.message;
  return new SegprobeError(code, `${filePath}: expected ${EXPECTED[code]}, got ${found}`, {
    cause: error,
  });
}

/**
 * Reads a whole file.
 * @throws SegprobeError as {@link fromFileError} says.
 */
export async function readFileWhole(filePath: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return await readFile(filePath);
  } catch (error) {
    throw fromFileError(error, filePath);
  }
}

/**
 * Writes a file so that a crash at any moment leaves the old file or the new one, never a part: writes beside it,
 * flushes to the disk, renames, and flushes the folder. The folder must exist.
 *
 * A crash may leave `.NAME.*.tmp` beside the file, which nothing reads.
 *
 * @param contents - bytes, or text to be written as UTF-8.
 * @throws SegprobeError as {@link fromFileError} says, e.g. `DISK_FULL`; nothing is left behind then.
 */
export async function writeFileWhole(
  filePath: string,
  contents: Uint8Array | string,
): Promise<void> {
  const folder = path.dirname(filePath);
  const unique = `${process.pid}-${randomBytes(6).toString('hex')}`;
  const temporary = path.join(folder, `.${path.basename(filePath)}.${unique}.tmp`);
  try {
    const handle = await open(temporary, 'wx');
    try {
      await handle.writeFile(contents);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, filePath);
    await syncFolder(folder);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw fromFileError(error, filePath);
  }
}

/** Makes a rename last through a power cut. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } catch {
    // Some network and FUSE file systems cannot flush a folder; the file itself is whole all the same.
  } finally {
    await handle.close();
  }
}
