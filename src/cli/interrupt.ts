import { EXIT } from './exit-codes.js';

/** Ctrl-C, the system's request to end, and a terminal that was closed: Node ends on the last even under nohup. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Runs work that ends in order when it is interrupted: the first Ctrl-C, SIGTERM or SIGHUP aborts its signal, a second one
 * ends the process at once.
 *
 * @param announce - tells the person that the first one was heard.
 * @param options - which signals interrupt. @defaultValue all three
 */
export async function withInterrupt<T>(
  announce: () => void,
  work: (signal: AbortSignal) => Promise<T>,
  { signals = SIGNALS }: { readonly signals?: readonly NodeJS.Signals[] } = {},
): Promise<T> {
  const controller = new AbortController();
  const interrupt = (): void => {
    if (controller.signal.aborted) process.exit(EXIT.interrupted);
    controller.abort();
    announce();
  };
  for (const signal of signals) process.on(signal, interrupt);
  try {
    return await work(controller.signal);
  } finally {
    for (const signal of signals) process.off(signal, interrupt);
  }
}
