import type { Command } from 'commander';
import { DEFAULT_MODELS_FOLDER, openModels } from '../inference/open-model.js';
import { exportPage } from '../serve/page/export-page.js';
import { printLine } from './output.js';

/** `segprobe page DIR` */
export function configurePage(command: Command): void {
  command
    .argument('<dir>', 'the folder to write; not there yet, or empty')
    .option('--models <dir>', 'folder of the models that the page offers', DEFAULT_MODELS_FOLDER)
    .addHelpText(
      'after',
      '\nAny web server serves the folder, from any path; it computes in the browser alone. Threads need the headers\n' +
        'Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp; where the server does not send\n' +
        "them, the page's service worker adds them from the second visit on.",
    )
    .action(async (dir: string, flags: { readonly models: string }) => {
      const models = await openModels(flags.models);
      await exportPage(dir, models);
      printLine(`${dir}: the page with ${models.map(({ name }) => name).join(', ')}`);
    });
}
