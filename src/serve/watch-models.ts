import { watch } from 'node:fs';
import type { Logger } from 'pino';

/** Files of one export come one after the other. */
const SETTLE_MS = 500;

/**
 * Calls `changed` when files in a folder have changed and then were left alone for half a second.
 * @returns what ends it.
 */
export function watchModels(folder: string, logger: Logger, changed: () => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  try {
    const watcher = watch(folder, { persistent: false }, () => {
      clearTimeout(timer);
      timer = setTimeout(changed, SETTLE_MS);
    });
    watcher.on('error', (error) => logger.warn(error, `${folder} is no longer watched`));
    return () => {
      clearTimeout(timer);
      watcher.close();
    };
  } catch (error) {
    // A limit of the system, or a file system that cannot tell.
    logger.warn(error, `${folder} cannot be watched: SIGHUP takes changed models up`);
    return () => undefined;
  }
}
