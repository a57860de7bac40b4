import { once } from 'node:events';
import type { Command } from 'commander';
import { openModels } from '../inference/open-model.js';
import type { Setting } from '../serve/config/schema.js';
import { withoutPassword } from '../serve/config/show-config.js';
import { startWorker } from '../serve/evaluations/distributed/start-worker.js';
import { createLogger } from '../serve/logger.js';
import { addConfigFlags, readFlags } from './config-flags.js';
import { withInterrupt } from './interrupt.js';
import { printLine, printMessage } from './output.js';

const SETTINGS: readonly Setting[] = [
  'redis',
  'models',
  'datasets',
  'uploads',
  'workers',
  'logLevel',
];

const NOTES = `
A worker has the models and data sets of the servers, by the same names; their files may lie elsewhere. It evaluates uploaded
pictures where it shares the servers' folder of uploads (--uploads), and fails such an evaluation otherwise.`;

/** `segprobe worker` */
export function configureWorker(command: Command): void {
  addConfigFlags(command, SETTINGS)
    .addHelpText('after', NOTES)
    .action(async () => {
      const { config } = await readFlags(command, SETTINGS);
      const models = await openModels(config.models);
      const worker = await startWorker(config, { models, logger: createLogger(config.logLevel) });
      const names = models.map(({ name }) => name).join(', ');
      printLine(`segprobe worker on ${withoutPassword(config.redis ?? '')}: ${names}`);
      await withInterrupt(
        () => printMessage('finishing the scenes at hand; once more ends at once'),
        async (signal) => {
          await once(signal, 'abort');
          await worker.close();
        },
      );
    });
}
