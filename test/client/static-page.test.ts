import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdir, stat, writeFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import express from 'express';
import type { Browser } from 'playwright-core';
import { openModels } from '../../src/inference/open-model.js';
import { exportPage } from '../../src/serve/page/export-page.js';
import { isSegprobeError } from '../../src/shared/errors.js';
import { startChromium } from '../support/chromium.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { writeTinyVictim } from '../support/tiny-models.js';
import { figure, openPage } from './open-page.js';

/** Compressed, beside ONNX Runtime and models: page, scripts, styles, the first scene and the small ones. */
const MOST_BYTES = 500_000;

describe('exportPage', function () {
  this.timeout(180_000);
  let folder: string;
  let remove: () => Promise<void>;
  let server: Server;
  let url: string;

  before(async () => {
    const scratch = await scratchFolder();
    remove = scratch.remove;
    const models = path.join(scratch.folder, 'models');
    await writeTinyVictim(models, 'tiny');
    await writeTinyVictim(models, 'torn');
    folder = path.join(scratch.folder, 'page');
    await exportPage(folder, await openModels(models));
    await writeFile(path.join(folder, 'onnx', 'torn.onnx'), 'half of it');
    // A plain web server, and not at its root.
    server = express().use('/some/where', express.static(folder)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/some/where/`;
  });
  after(async () => {
    server?.closeAllConnections();
    server?.close();
    await remove?.();
  });

  it('writes the page whole, and into no folder that holds something', async () => {
    const names = await readdir(folder);
    for (const name of ['index.html', 'models.json', 'assets', 'onnx', 'runtime', 'samples']) {
      assert.ok(names.includes(name), name);
    }
    await assert.rejects(
      async () => exportPage(folder, []),
      (error) => isSegprobeError(error, 'USAGE'),
    );
  });

  it('loads less than 500 kB beside runtime and models', async () => {
    const smallest = async (file: string): Promise<number> => {
      const forms = [file, `${file}.br`].map((form) => stat(path.join(folder, form)));
      const sizes = (await Promise.allSettled(forms)).flatMap((form) =>
        form.status === 'fulfilled' ? [form.value.size] : [],
      );
      return Math.min(...sizes);
    };
    const assets = (await readdir(path.join(folder, 'assets'))).filter(
      (name) => !/\.(br|gz)$/.test(name),
    );
    const samples = (await readdir(path.join(folder, 'samples'))).filter(
      (name) => name.includes('thumb') || name.startsWith('0.'),
    );
    const files = [
      ...['index.html', 'icon.svg', 'models.json', 'files.json', 'service-worker.js'],
      ...assets.map((name) => `assets/${name}`),
      ...samples.map((name) => `samples/${name}`),
    ];
    const sizes = await Promise.all(files.map(smallest));
    const bytes = sizes.reduce((sum, size) => sum + size, 0);
    assert.ok(bytes < MOST_BYTES, `${bytes}`);
  });

  describe('in Chromium', () => {
    let browser: Browser;
    before(async function () {
      browser = await startChromium(this);
    });
    after(() => browser?.close());

    it('computes under any path without a service, with threads from the second visit on', async () => {
      const page = await openPage(browser, url, { fragment: 'attacker=noise' });
      assert.match(await page.locator('.chip').innerText(), /WebAssembly, 1 thread /);
      assert.equal(await page.getByText('The server', { exact: true }).count(), 0);
      await page.locator('.offline').waitFor();
      await page.reload();
      await page.waitForSelector('.chip-ready');
      assert.match(await page.locator('.chip').innerText(), /WebAssembly, [2-8] threads/);
      await page.close();
    });

    it('says in words what is wrong with a model that fails to load', async () => {
      const page = await browser.newPage();
      await page.goto(`${url}#victim=torn&attacker=`);
      await page.locator('.fault', { hasText: /torn: expected sha256 [0-9a-f]+/ }).waitFor();
      await page.getByLabel('Victim', { exact: true }).selectOption('tiny');
      await page.waitForSelector('.chip-ready');
      assert.match(await figure(page, 'Pixels flipped'), /%/);
      await page.close();
    });
  });
});
