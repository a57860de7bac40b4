import { once } from 'node:events';
import type { Command } from 'commander';
import { DEFAULT_MODELS_FOLDER, openModels, type OpenedModel } from '../inference/open-model.js';
import { createLogger } from '../serve/logger.js';
import { DEFAULT_HOST, DEFAULT_PORT, startServer, type RunningServer } from '../serve/server.js';
import { withInterrupt } from './interrupt.js';
import { integerBetween } from './numbers.js';
import { printLine, printMessage } from './output.js';

interface ServeFlags {
  readonly host: string;
  readonly port: number;
  readonly models: string;
  readonly workers?: number;
  readonly maxQueue?: number;
  readonly insecure?: boolean;
}

/** `segprobe serve` */
export function configureServe(command: Command): void {
  command
    .option('--host <host>', 'address to listen on', DEFAULT_HOST)
    .option(
      '--port <port>',
      'port to listen on; 0 takes a free one',
      integerBetween(0, 65535),
      DEFAULT_PORT,
    )
    .option('--models <dir>', 'folder of the models', DEFAULT_MODELS_FOLDER)
    .option(
      '--workers <n>',
      'pictures to segment at once (default: one for every four cores)',
      integerBetween(1, 256),
    )
    .option('--max-queue <n>', 'requests that may wait (default: 64)', integerBetween(0, 100_000))
    .option('--insecure', 'listen on any address without an API key')
    .addHelpText(
      'after',
      '\nSEGPROBE_API_KEY in the environment is asked of every request, if it is set.',
    )
    .action(async (flags: ServeFlags) => {
      const models = await openModels(flags.models);
      const server = await startServer({
        models,
        logger: createLogger(),
        host: flags.host,
        port: flags.port,
        apiKey: process.env['SEGPROBE_API_KEY'] || undefined,
        insecure: flags.insecure ?? false,
        workers: flags.workers,
        limits: { ...(flags.maxQueue !== undefined && { maxQueue: flags.maxQueue }) },
      });
      // From here on a signal drains, even while the models load.
      const stopped = closeOnSignal(server);
      if (await server.ready) announce(server, models);
      await stopped;
    });
}

function announce({ url }: RunningServer, models: readonly OpenedModel[]): void {
  printLine(`segprobe serves ${url}`);
  for (const { name, facts, path } of models) {
    const { kind, classes, inputSize } = facts;
    const size = `${inputSize.width}×${inputSize.height}`;
    printLine(`  ${name}: ${kind}, ${classes.length} classes, ${size} (${path})`);
  }
}

/** Lets requests finish on the first signal to end; a second one ends the process at once. */
function closeOnSignal(server: RunningServer): Promise<void> {
  return withInterrupt(
    () => printMessage('finishing the requests in flight; once more ends at once'),
    async (signal) => {
      await once(signal, 'abort');
      await server.close();
    },
  );
}
