/**
 * Waits for every promise before it throws what the first of them threw. Worker threads need that: one that is ended amid
 * its session, since another has failed, takes the process with it.
 */
export async function settleAll<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(promises);
  return Promise.all(promises);
}
