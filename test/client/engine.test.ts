import assert from 'node:assert/strict';
import { pino } from 'pino';
import type { Browser } from 'playwright-core';
import { openModels } from '../../src/inference/open-model.js';
import { type RunningServer, startServer } from '../../src/serve/server.js';
import { startChromium } from '../support/chromium.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { writeTinyVictim } from '../support/tiny-models.js';
import { openPage } from './open-page.js';

/** A graphics card that is computed on the processor: slow, but right. */
const SOFTWARE_CARD = ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'];

describe('what the page computes with, in Chromium', function () {
  this.timeout(180_000);
  let server: RunningServer;
  let browser: Browser;
  let remove: (() => Promise<void>) | undefined;

  before(async function () {
    browser = await startChromium(this, ...SOFTWARE_CARD);
    const scratch = await scratchFolder();
    remove = scratch.remove;
    await writeTinyVictim(scratch.folder, 'tiny');
    const models = await openModels(scratch.folder);
    server = await startServer({ models, logger: pino({ level: 'silent' }), port: 0 });
    await server.ready;
  });
  after(async () => {
    await browser?.close();
    await server?.close();
    await remove?.();
  });

  const chipAt = async (query: string): Promise<[text: string, why: string]> => {
    const page = await openPage(browser, `${server.url}/${query}`);
    const chip = page.locator('.chip');
    const found = [await chip.innerText(), (await chip.getAttribute('title')) ?? ''] as const;
    await page.close();
    return [...found];
  };

  it('leaves a card alone that is computed on the processor, and says so', async () => {
    const [text, why] = await chipAt('');
    assert.match(text, /WebAssembly/);
    assert.match(why, /WebGPU/);
  });

  it('takes the card that somebody insists on, where it answers as is stored', async function () {
    const [text, why] = await chipAt('?engine=webgpu');
    if (/no graphics card|no WebGPU/.test(why)) {
      process.stdout.write(`    (no WebGPU here: ${why})\n`);
      this.skip();
    }
    assert.match(text, /in this browser, WebGPU/, why);
  });
});
