import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import type { Command } from 'commander';
import { openModels, type OpenedModel } from '../inference/open-model.js';
import { SETTINGS } from '../serve/config/schema.js';
import { showConfig } from '../serve/config/show-config.js';
import { defaultStore } from '../serve/evaluations/embedded/default-store.js';
import { createLogger } from '../serve/logger.js';
import { preparePage } from '../serve/page/page-folders.js';
import { startServer, type RunningServer, type ServerOptions } from '../serve/server.js';
import { isSegprobeError, messageOf } from '../shared/errors.js';
import { addConfigFlags, readFlags } from './config-flags.js';
import { withInterrupt } from './interrupt.js';
import { printLine, printMessage } from './output.js';

/** `segprobe serve` */
export function configureServe(command: Command): void {
  addConfigFlags(command, SETTINGS)
    .option('--print-config', 'print the settings as they were put together, and stop')
    .addHelpText(
      'after',
      'SIGHUP takes up the models as they lie on disk now. SEGPROBE_API_KEY is a key that every request must carry, or "sha256:" and its digest; "apiKeys" in the file has several by name.',
    )
    .action(async ({ printConfig }: { readonly printConfig?: boolean }) => {
      const { config, origins } = await readFlags(command, SETTINGS);
      if (printConfig) {
        printLine(JSON.stringify(showConfig(config), null, 2));
        for (const [key, origin] of origins) printMessage(`${key} from ${origin}`);
        return;
      }
      const models = await openModels(config.models);
      const page = preparePage();
      // Without it, all but the page is served.
      page.catch((error: unknown) => printMessage(messageOf(error)));
      const logger = createLogger(config.logLevel);
      const server = await start({ ...config, models, modelsFolder: config.models, logger });
      // From here on a signal drains, even while the models load.
      const stopped = closeOnSignal(server);
      const isReady = await server.ready;
      await page.catch(() => undefined);
      if (isReady) announce(server, models);
      await stopped;
    });
}

/** Starts with the store that is asked for; with the usual one where none is, or in memory where that cannot be had. */
async function start(options: ServerOptions): Promise<RunningServer> {
  if (options.store || options.redis) return startServer(options);
  const store = defaultStore();
  try {
    return await startServer({ ...options, store });
  } catch (error) {
    if (!isSegprobeError(error) || !error.message.startsWith(store)) throw error;
    printMessage(`${error.message}; evaluations are kept in memory, until this server ends`);
    return startServer(options);
  }
}

function announce({ url }: RunningServer, models: readonly OpenedModel[]): void {
  printLine(`segprobe serves ${url}`);
  for (const { name, facts, path } of models) {
    const { kind, classes, inputSize } = facts;
    const size = `${inputSize.width}×${inputSize.height}`;
    printLine(`  ${name}: ${kind}, ${classes.length} classes, ${size} (${path})`);
  }
}

/** Lets requests finish on the first signal to end; a second one ends the process at once. SIGHUP takes models up. */
async function closeOnSignal(server: RunningServer): Promise<void> {
  const stopReloading = reloadOnHangUp(server);
  await withInterrupt(
    () => printMessage('finishing the requests in flight; once more ends at once'),
    async (signal) => {
      await once(signal, 'abort');
      await server.close();
    },
    { signals: ['SIGINT', 'SIGTERM'] },
  );
  stopReloading();
}

/** SIGHUP asks for a reload; a terminal that was closed sends it too, and then the service ends. */
function reloadOnHangUp(server: RunningServer): () => void {
  const hadTerminal = hasTerminal();
  const onHangUp = (): void => {
    if (hadTerminal && !hasTerminal()) process.kill(process.pid, 'SIGTERM');
    else void server.reload();
  };
  process.on('SIGHUP', onHangUp);
  return () => process.off('SIGHUP', onHangUp);
}

function hasTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'));
    return true;
  } catch {
    return false;
  }
}
