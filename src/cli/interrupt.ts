import { printMessage } from './output.js';
import { EXIT } from './exit-codes.js';

/**
 * Runs work that saves itself when it is interrupted: the first Ctrl-C or SIGTERM aborts its signal, a second one ends the
 * process at once.
 */
export async function withInterrupt<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const interrupt = (): void => {
    if (controller.signal.aborted) process.exit(EXIT.interrupted);
    printMessage('stopping after this step; once more ends at once, without saving');
    controller.abort();
  };
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  try {
    return await work(controller.signal);
  } finally {
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', interrupt);
  }
}
