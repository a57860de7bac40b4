import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { fromFileError } from '../../../data/files.js';
import { SegprobeError } from '../../../shared/errors.js';

/** Uploaded pictures, a folder an evaluation, until it ends. */
export interface Uploads {
  readonly folder: string;
  /**
   * Makes a folder for an upload while it is received.
   * @throws SegprobeError `QUEUE_FULL` when too many are received.
   */
  begin(): Promise<Incoming>;
  /** Forgets the pictures of an evaluation. */
  remove(id: string): Promise<void>;
  /** Forgets all but those of these evaluations, as far as they are so old. */
  sweep(kept: readonly string[], minAgeMs: number): Promise<void>;
}

/** An upload that is received. */
export interface Incoming {
  readonly folder: string;
  /** Gives it to an evaluation. */
  keepAs(id: string): Promise<void>;
  /** Ends it: what was not given away is removed. */
  end(): Promise<void>;
}

/** Uploads in a folder, which is made when it is needed. */
export function createUploads(folder: string, maxAtOnce: number): Uploads {
  let receiving = 0;
  const remove = (name: string): Promise<void> =>
    rm(path.join(folder, name), { recursive: true, force: true });
  return {
    folder,
    async begin() {
      if (receiving >= maxAtOnce) {
        throw new SegprobeError(
          'QUEUE_FULL',
          `expected at most ${maxAtOnce} uploads at once, got one more; try again in a moment`,
        );
      }
      receiving++;
      const name = `incoming-${randomBytes(8).toString('hex')}`;
      const own = path.join(folder, name);
      const incoming = {
        folder: own,
        keepAs: (id: string) => rename(own, path.join(folder, id)),
        async end() {
          receiving--;
          await remove(name);
        },
      };
      try {
        await mkdir(own, { recursive: true });
        return incoming;
      } catch (error) {
        receiving--;
        throw fromFileError(error, folder);
      }
    },
    remove,
    async sweep(kept, minAgeMs) {
      for (const name of await readdir(folder).catch(() => [])) {
        if (kept.includes(name)) continue;
        const { mtimeMs } = await stat(path.join(folder, name)).catch(() => ({
          mtimeMs: Infinity,
        }));
        if (Date.now() - mtimeMs >= minAgeMs) await remove(name);
      }
    },
  };
}
