/**
 * Makes of `run` something that may be called at any pace: one run at a time, and after it only the latest call that came
 * meanwhile.
 *
 * @param onError - told what a run failed with.
 */
export function latestOnly<T>(
  run: (value: T) => Promise<void>,
  onError: (error: unknown) => void,
): (value: T) => void {
  let next: { readonly value: T } | undefined;
  let isRunning = false;
  const drain = async (): Promise<void> => {
    isRunning = true;
    while (next !== undefined) {
      const { value } = next;
      next = undefined;
      try {
        await run(value);
      } catch (error) {
        onError(error);
      }
    }
    isRunning = false;
  };
  return (value) => {
    next = { value };
    if (!isRunning) void drain();
  };
}
