import { SegprobeError } from '../shared/errors.js';

/**
 * Waits for work until it is no longer wanted; the work itself goes on.
 * @throws SegprobeError `CANCELLED` once `signal` aborts.
 */
export async function untilAborted<T>(
  work: Promise<T>,
  signal: AbortSignal | undefined,
): Promise<T> {
  if (signal === undefined) return work;
  let stop = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    stop = () => {
      reject(new SegprobeError('CANCELLED', 'cancelled', { cause: signal.reason }));
    };
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
    // The loser of the race may fail later, unheard.
    work.catch(() => undefined);
  }
}
