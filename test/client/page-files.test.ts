import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { pino } from 'pino';
import type { Browser, Page } from 'playwright-core';
import { decodePicture } from '../../src/data/decode.js';
import { openModels } from '../../src/inference/open-model.js';
import { type RunningServer, startServer } from '../../src/serve/server.js';
import { decodeModel, encodeModel } from '../../src/shared/onnx/index.js';
import { startChromium, watchFaults } from '../support/chromium.js';
import { encodeLabel } from '../support/pictures.js';
import { testPicture, toPng } from '../support/rgb-pictures.js';
import { scratchFolder } from '../support/scratch-folder.js';
import { tinyVictim, writeTinyVictim } from '../support/tiny-models.js';
import { answered, figure, openPage, pixelsOf } from './open-page.js';

/** With a tiny victim, whose answers are known by hand and come at once: what goes in and out of the page. */
describe('the page and files, in Chromium', function () {
  this.timeout(180_000);
  let server: RunningServer;
  let browser: Browser;
  let page: Page;
  let faults: string[];
  let remove: (() => Promise<void>) | undefined;

  before(async function () {
    browser = await startChromium(
      this,
      '--use-fake-device-for-media-stream',
      '--use-fake-ui-for-media-stream',
    );
    const scratch = await scratchFolder();
    remove = scratch.remove;
    await writeTinyVictim(scratch.folder, 'tiny');
    server = await startServer({
      models: await openModels(scratch.folder),
      logger: pino({ level: 'silent' }),
      port: 0,
    });
    await server.ready;
    page = await openPage(browser, server.url, { fragment: 'attacker=noise' });
    faults = watchFaults(page);
  });
  after(async () => {
    await browser?.close();
    await server?.close();
    await remove?.();
  });

  const open = (label: string, file: { name: string; buffer: Buffer; mimeType?: string }) =>
    page.getByLabel(label, { exact: true }).setInputFiles({ mimeType: 'image/png', ...file });
  const openPicture = async (): Promise<void> => {
    const buffer = await toPng(testPicture(24, 16));
    await answered(page, () => open('A picture of your own', { name: 'mine.png', buffer }));
  };

  it('says the same on the server', async () => {
    await openPicture();
    const panes = ['before', 'after', 'attacked', 'changed'];
    const here = await Promise.all(panes.map((pane) => pixelsOf(page, pane)));
    await answered(page, () => page.getByText('The server', { exact: true }).click());
    assert.match(await page.locator('.chip').innerText(), /on the server · inference \d+ ms/);
    assert.deepEqual(await Promise.all(panes.map((pane) => pixelsOf(page, pane))), here);
    await answered(page, () => page.getByText('This browser', { exact: true }).click());
  });

  it('scores beside a label, by hand', async () => {
    await page.getByLabel('Attacker', { exact: true }).selectOption('');
    const rows = Array.from({ length: 16 }, () => new Array<number>(24).fill(1));
    const buffer = Buffer.from(encodeLabel(rows));
    await answered(page, () => open('What is right, as a picture', { name: 'label.png', buffer }));
    const before = await pixelsOf(page, 'before');
    const greens = before.filter((value, i) => i % 4 === 1 && value === 210).length;
    const reds = before.filter((value, i) => i % 4 === 0 && value === 200).length;
    const blues = 24 * 16 - greens - reds;
    // Green: found of all; the others, where they are seen, are wrong throughout.
    const classes = 1 + Math.sign(reds) + Math.sign(blues);
    const expected = (100 * greens) / (24 * 16) / classes;
    assert.ok(Math.abs(parseFloat(await figure(page, 'mIoU before')) - expected) < 0.1);
  });

  it('says what a label should be', async () => {
    const buffer = Buffer.from(
      encodeLabel(Array.from({ length: 16 }, () => new Array<number>(16).fill(1))),
    );
    await open('What is right, as a picture', { name: 'small.png', buffer });
    await page.locator('.fault', { hasText: 'expected a label of 24×16' }).waitFor();
  });

  it('names the class of a pixel and what it became, and follows classes', async () => {
    await answered(page, () => page.getByLabel('Attacker', { exact: true }).selectOption('noise'));
    await page.locator('.pane-before .frame').hover();
    assert.match(await page.locator('.readout').innerText(), /red|green|blue/);
    const green = page.getByRole('button', { name: /^green/ });
    await green.click();
    assert.equal(await green.getAttribute('aria-pressed'), 'true');
    assert.match(page.url(), /follow=green/);
    assert.match(await page.locator('.followed').innerText(), /What was green is then/);
    await green.click();
  });

  it('shows the picture as it was while the button is held, by pointer or key', async () => {
    const attacked = page.locator('.pane-attacked canvas[data-pane=attacked]');
    const button = page.getByRole('button', { name: 'Hold to compare' });
    await button.hover();
    await page.mouse.down();
    assert.equal(await attacked.isVisible(), false);
    await page.mouse.up();
    assert.equal(await attacked.isVisible(), true);
    await button.focus();
    await page.keyboard.down(' ');
    assert.equal(await attacked.isVisible(), false);
    await page.keyboard.up(' ');
    assert.equal(await attacked.isVisible(), true);
  });

  it('saves pictures, masks and figures', async () => {
    const save = async (name: string): Promise<Buffer> => {
      const download = page.waitForEvent('download');
      await page.getByRole('button', { name }).click();
      return readFile(await (await download).path());
    };
    const { data } = await decodePicture(await save('Attacked picture'));
    const shown = (await pixelsOf(page, 'attacked')).filter((_, i) => i % 4 !== 3);
    assert.deepEqual([...data], [...shown]);
    const mask = await decodePicture(await save('Mask after'));
    const painted = (await pixelsOf(page, 'after')).filter((_, i) => i % 4 !== 3);
    assert.deepEqual([...mask.data], [...painted]);
    const figures = JSON.parse((await save('Figures as JSON')).toString()) as Record<
      string,
      unknown
    >;
    assert.deepEqual(
      [figures['model'], figures['method'], figures['width']],
      ['tiny', 'noise', 24],
    );
  });

  it('takes a model of one’s own, and asks for what its file does not say', async () => {
    const bytes = tinyVictim({ facts: { classes: ['r', 'g', 'b'] } });
    const model = {
      name: 'own.onnx',
      buffer: Buffer.from(bytes),
      mimeType: 'application/octet-stream',
    };
    await answered(page, () => open('A model of your own', model));
    assert.equal(await page.getByLabel('Victim', { exact: true }).inputValue(), 'own');
    assert.equal(await page.getByRole('button', { name: /^g / }).count(), 1);

    const mute = { ...decodeModel(bytes, 'own'), metadataProps: [] };
    const unnamed = Buffer.from(encodeModel(mute));
    await open('A model of your own', { ...model, name: 'mute.onnx', buffer: unnamed });
    await page.getByLabel('Classes, in order').fill('rot, grün, blau');
    await page.getByLabel('Width').fill('24');
    await page.getByLabel('Height').fill('16');
    await answered(page, () => page.getByRole('button', { name: 'Use it' }).click());
    assert.equal(await page.getByRole('button', { name: /^grün/ }).count(), 1);
  });

  it('says what is wrong with a model', async () => {
    const buffer = Buffer.from('no model at all');
    await open('A model of your own', { name: 'broken.onnx', buffer });
    assert.match(await page.locator('dialog').innerText(), /broken\.onnx/);
    await page.getByRole('button', { name: 'Use it' }).click();
    await page
      .locator('.fault', { hasText: /broken: expected a model that ONNX Runtime loads/ })
      .waitFor();
    await answered(page, () => page.getByLabel('Victim', { exact: true }).selectOption('tiny'));
  });

  it('looks through a camera until it is stopped', async () => {
    await answered(page, () => page.getByRole('button', { name: 'Camera' }).click());
    await answered(page, () => Promise.resolve());
    await page.getByRole('button', { name: 'Stop' }).click();
    await page.getByRole('button', { name: 'Camera' }).waitFor();
    assert.match(await page.locator('.sources .note').innerText(), /^camera, \d+×\d+/);
  });

  it('had no error in the console', () => {
    assert.deepEqual(faults, []);
  });

  it('works without the server once it was loaded', async () => {
    await page.locator('.offline').waitFor();
    await server.close();
    await page.goto('about:blank');
    await page.goto(`${server.url}#sample=2`);
    await page.waitForSelector('.chip-ready');
    assert.equal(await page.locator('.samples button').nth(2).getAttribute('aria-pressed'), 'true');
    assert.equal(await page.locator('.fault').count(), 0);
    await page.getByText('The server', { exact: true }).click();
    await page.locator('.fault', { hasText: 'is the server running?' }).waitFor();
  });
});
