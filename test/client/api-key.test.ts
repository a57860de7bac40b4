import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type { Browser, Page } from 'playwright-core';
import { startChromium } from '../support/chromium.js';
import { testPicture, toPng } from '../support/rgb-pictures.js';
import { startTestServer, type TestServer } from '../support/test-server.js';
import { answered, pixelsOf } from './open-page.js';

const KEY = 'open-sesame';

describe('the page of a service that asks for a key, in Chromium', function () {
  this.timeout(120_000);
  let test: TestServer;
  let browser: Browser;
  let page: Page;

  before(async function () {
    browser = await startChromium(this);
    const digest = createHash('sha256').update(KEY).digest('hex');
    test = await startTestServer({ apiKeys: { visitor: `sha256:${digest}` } });
    page = await browser.newPage();
    page.setDefaultTimeout(60_000);
    await page.goto(`${test.url}#victim=tiny&attacker=noise`);
  });
  after(async () => {
    await browser?.close();
    await test?.stop();
  });

  const enter = async (key: string): Promise<void> => {
    await page.getByLabel('API key').fill(key);
    await page.getByRole('button', { name: 'Use it' }).click();
  };

  it('asks for it, and says so of another', async () => {
    await page.locator('.fault', { hasText: 'expected an API key' }).waitFor();
    await page.getByRole('button', { name: 'Close' }).click();
    await enter('another');
    await page.locator('.fault', { hasText: 'got another one' }).waitFor();
  });

  it('computes with the models that it opens, and no longer asks', async () => {
    await enter(KEY);
    await page.locator('.chip-ready').waitFor();
    assert.equal(await page.getByLabel('API key').count(), 0);
    assert.equal(await page.locator('.fault').count(), 0);
    assert.match(await page.locator('.chip').innerText(), /in this browser/);
  });

  it('asks the server with it', async () => {
    const buffer = await toPng(testPicture(24, 16));
    const file = { name: 'mine.png', mimeType: 'image/png', buffer };
    await answered(page, () => page.getByLabel('A picture of your own').setInputFiles(file));
    const here = await pixelsOf(page, 'after');
    await answered(page, () => page.getByText('The server', { exact: true }).click());
    assert.match(await page.locator('.chip').innerText(), /on the server/);
    assert.deepEqual(await pixelsOf(page, 'after'), here);
  });
});
